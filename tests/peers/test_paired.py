"""Genes before and after treatment against R's edgeR: the same design and scaling, on the twin.

edgeR tests by quasi-likelihood (``glmQLFit``), which knows how uncertain a spread is that few patients tell; DESeq2
draws the spread of a gene to that of the others. The order of the genes should be nearly the same, the number of calls
need not.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import twin
from fxyd3.tolerance._paired import paired_expression


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
about$condition <- factor(about$condition, levels = c("before", "after"))
design <- model.matrix(~ patient + condition, about)
all <- calcNormFactors(DGEList(t(counts)), method = "RLE")
tested <- readLines(file.path(folder, "tested.txt"))
fit <- glmQLFit(estimateDisp(all[tested, ], design), design)
told <- glmQLFTest(fit, coef = "conditionafter")$table
write.csv(data.frame(gene = rownames(told), log2fc = told$logFC, f = told$F, p = told$PValue), row.names = FALSE)
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Effects and p-values of both programs, one row per gene."""
    study = twin(9000, seed=3, patients=9, sorted_cells=0)
    own = study[study.obs["truth_type"] == "tumour"].copy()
    found = paired_expression(own)
    assert not found.missing
    own = own[own.obs["response"] == "residual"]
    keys = [own.obs[name].astype(str).rename(name).to_numpy() for name in ("patient", "condition")]
    summed = pd.DataFrame(own.X.toarray(), columns=own.var_names).groupby(keys).sum().astype(int)
    about = summed.index.to_frame(index=False, name=["patient", "condition"])
    folder = tmp_path_factory.mktemp("edger")
    (folder / "tested.txt").write_text("\n".join(found.table["gene"]))
    summed.reset_index(drop=True).to_csv(folder / "counts.csv")
    about.to_csv(folder / "about.csv")
    (folder / "edger.R").write_text(SCRIPT)
    command = ["Rscript", "--vanilla", str(folder / "edger.R"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "told.csv").write_text(done.stdout)
    told = pd.read_csv(Path(folder, "told.csv"))
    merged = found.table.merge(told, on="gene", suffixes=("", "_edger"), validate="one_to_one")
    return merged.join(study.var.filter(like="truth_log2fc").any(axis=1).rename("planted"), on="gene")


def test_fold_changes_agree(both: pd.DataFrame) -> None:
    """edgeR adds a small count to each gene before it takes the log, so that rare genes differ a little."""
    assert both[["log2fc", "log2fc_edger"]].corr().iloc[0, 1] > 0.99
    assert np.median(np.abs(both["log2fc"] - both["log2fc_edger"])) < 0.02
    inside = (both["lower"] <= both["log2fc_edger"]) & (both["log2fc_edger"] <= both["upper"])
    assert inside.mean() > 0.99


def test_the_statistics_have_the_same_order(both: pd.DataFrame) -> None:
    signed = pd.DataFrame(
        {"ours": np.sign(both["log2fc"]) * -np.log(both["p"]),
         "edger": np.sign(both["log2fc_edger"]) * np.sqrt(both["f"])}
    )  # fmt: skip
    assert signed.rank().corr().iloc[0, 1] > 0.98


def test_what_is_called_is_called_by_edger_too(both: pd.DataFrame) -> None:
    """DESeq2 calls fewer genes here: sums of many cells vary hardly more than Poisson, less than its trend allows."""
    from statsmodels.stats.multitest import fdrcorrection

    ours, theirs = both["p_adjusted"] < 0.05, fdrcorrection(both["p_edger"])[0]
    assert ours.sum() > 0.3 * theirs.sum() > 0
    assert (ours & theirs).sum() / ours.sum() > 0.95
    n = int(theirs.sum())
    first = set(both.nsmallest(n, "p")["gene"]) & set(both.nsmallest(n, "p_edger")["gene"])
    assert len(first) / n > 0.9
    assert (~both["planted"][ours]).mean() < 0.05


def test_genes_without_planted_changes_stay_where_they_are(both: pd.DataFrame) -> None:
    level = both[~both["planted"]]
    assert abs(level["log2fc"].median()) < 0.02
    assert (level["p"] < 0.05).mean() < 0.06
