"""Counts summed per patient and group against R's edgeR: the same design, contrasts and scaling, on the twin.

Scaling is by median ratios (edgeR calls it RLE). With its default, TMM, fold changes correlate as highly but lie up to
0.1 apart: on the genes in which the twin plants nothing, TMM is off by up to 0.08, median ratios by less than 0.03.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fxyd3 import cells
from fxyd3.data import load


def edger_is_there() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "--vanilla", "-e", "quit(status = !requireNamespace('edgeR', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not edger_is_there(), reason="R with edgeR (Debian r-bioc-edger) is not installed; .ci/run installs it"
    ),
]

SCRIPT = """
suppressMessages(library(edgeR))
folder <- commandArgs(TRUE)[1]
counts <- as.matrix(read.csv(file.path(folder, "counts.csv"), row.names = 1, check.names = FALSE))
about <- read.csv(file.path(folder, "about.csv"), row.names = 1, colClasses = "character")
about$group <- factor(about$group)
design <- model.matrix(~ patient + group, about)
all <- calcNormFactors(DGEList(t(counts)), method = "RLE")
tested <- readLines(file.path(folder, "tested.txt"))
fit <- glmFit(estimateDisp(all[tested, ], design), design)
names <- levels(about$group)
tables <- lapply(names, function(name) {
    contrast <- rep(0, ncol(design))
    for (other in names) {
        at <- match(paste0("group", other), colnames(design))
        if (!is.na(at)) contrast[at] <- if (other == name) 1 else -1 / (length(names) - 1)
    }
    told <- glmLRT(fit, contrast = contrast)$table
    data.frame(group = name, gene = rownames(told), log2fc = told$logFC, p = told$PValue)
})
write.csv(do.call(rbind, tables), row.names = FALSE)
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Effects and p-values of both programs, one row per group and gene."""
    study, _ = load("twin", seed=3)
    kept, _ = cells.qc(study)
    chosen, _, _ = cells.claimed_cells(kept)
    own = kept[chosen].copy()
    cells.regroup(own, n_groups=5)
    found = cells.pseudobulk_markers(own)
    assert not found.missing
    genes = found.table["gene"].unique()
    label = own.obs["patient"].astype(str) + "|" + own.obs["cluster_train"].astype(str)
    summed = pd.DataFrame(own.layers["test"].toarray(), columns=own.var_names).groupby(label.to_numpy()).sum()
    about = pd.DataFrame([name.split("|") for name in summed.index], index=summed.index, columns=["patient", "group"])
    folder = tmp_path_factory.mktemp("edger")
    (folder / "tested.txt").write_text("\n".join(genes))
    summed.astype(int).to_csv(folder / "counts.csv")
    about.to_csv(folder / "about.csv")
    (folder / "edger.R").write_text(SCRIPT)
    command = ["Rscript", "--vanilla", str(folder / "edger.R"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "told.csv").write_text(done.stdout)
    told = pd.read_csv(Path(folder, "told.csv"), dtype={"group": str})
    return found.table.merge(told, on=["group", "gene"], suffixes=("", "_edger"), validate="one_to_one")


def test_fold_changes_agree(both: pd.DataFrame) -> None:
    for _, own in both.groupby("group"):
        assert np.corrcoef(own["log2fc"], own["log2fc_edger"])[0, 1] > 0.999
        assert np.median(np.abs(own["log2fc"] - own["log2fc_edger"])) < 0.02
    inside = (both["lower"] <= both["log2fc_edger"]) & (both["log2fc_edger"] <= both["upper"])
    assert inside.mean() > 0.95


def test_the_same_genes_are_called(both: pd.DataFrame) -> None:
    """Two programs that estimate spread differently: nearly the same order, and most calls shared."""
    from statsmodels.stats.multitest import fdrcorrection

    ours, theirs = both["p_adjusted"] < 0.05, fdrcorrection(both["p_edger"])[0]
    assert both[["p", "p_edger"]].rank().corr().iloc[0, 1] > 0.99
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.85


def test_genes_without_planted_changes_stay_where_they_are(both: pd.DataFrame) -> None:
    study, _ = load("twin", seed=3)
    planted = study.var.filter(like="truth_log2fc").any(axis=1)
    level = both[~planted[both["gene"]].to_numpy()]
    assert level.groupby("group")["log2fc"].median().abs().max() < 0.05
