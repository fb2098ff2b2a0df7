"""Small simulated cells with planted groups, independent of the twin, and the real cell-line mixture."""

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3 import cells

SIGNATURE = tuple(f"SIG{i}" for i in range(30))
MARKER = "FXYD3"


@pytest.fixture(scope="session")
def simulate() -> Callable[..., anndata.AnnData]:
    """Negative-binomial cells; groups 0 and 1 carry a signature and a marker, each group has genes of its own."""

    def simulated(
        n: int = 900, *, groups: int = 4, patients: int = 4, change: float = 1.5, seed: int = 0, genes: int = 3000
    ) -> anndata.AnnData:
        rng = np.random.default_rng(seed)
        names = [*SIGNATURE, MARKER, *(f"MT-{i}" for i in range(5)), *(f"G{i}" for i in range(genes))]
        level = rng.lognormal(0, 1.2, len(names))
        level[: len(SIGNATURE) + 1] = 2
        fold = np.zeros((groups, len(names)))
        if groups > 1:
            for group in range(groups):
                fold[group, rng.choice(np.arange(40, len(names)), 60, replace=False)] = change
            fold[:2, : len(SIGNATURE) + 1] = change
        group, patient = rng.integers(0, groups, n), rng.integers(0, patients, n)
        own = rng.normal(0, 0.2, (patients, len(names))) * (rng.random((patients, len(names))) < 0.1)
        mean = level * 2 ** (fold[group] + own[patient])
        mean *= (3000 * rng.lognormal(0, 0.3, n) / mean.sum(axis=1))[:, None]
        counts = rng.poisson(rng.gamma(4, mean / 4)).astype(np.float32)
        obs = pd.DataFrame(
            {
                "patient": pd.Categorical([f"P{p}" for p in patient]),
                "truth": pd.Categorical(group.astype(str)),
            },
            index=[f"cell{i}" for i in range(n)],
        )
        return anndata.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=names))

    return simulated


@pytest.fixture(scope="session")
def prepared(simulate: Callable[..., anndata.AnnData]) -> anndata.AnnData:
    """Four planted groups, taken through to a chosen partition; copy before writing."""
    kept, _ = cells.qc(simulate())
    cells.normalise(kept, exclude=[MARKER], n_top_genes=800)
    cells.embed(kept, n_comps=15, umap=False)
    cells.cluster(kept, resolution=0.45)
    return kept


@pytest.fixture(scope="session")
def halved(prepared: anndata.AnnData) -> tuple[anndata.AnnData, cells.HeldOut]:
    """The same, split, with groups made on the training half and ancestral ones named."""
    own = prepared.copy()
    genes = cells.held_out(own, marker=MARKER, signature=SIGNATURE, compare=("G1", "absent"), n_control=5)
    cells.regroup(own, n_groups=4, held_out=genes.genes, n_comps=15, n_top_genes=800)
    return own, genes


@pytest.fixture(scope="session")
def mixture(real_data: Path) -> anndata.AnnData:
    """CEL-seq2 singlets of three cell lines, raw counts, Ensembl ids."""
    stem = real_data / "sc_mixology" / "sc_celseq2"
    counts = pd.read_csv(f"{stem}.count.csv.gz", index_col=0)
    about = pd.read_csv(f"{stem}.metadata.csv.gz", index_col=0).loc[counts.columns]
    found = anndata.AnnData(
        csr_matrix(counts.T.to_numpy(dtype=np.float32)),
        obs=about[["cell_line_demuxlet", "demuxlet_cls"]].astype("category"),
        var=pd.DataFrame(index=counts.index.astype(str)),
    )
    found.uns["fxyd3"] = {"symbols": "ensembl"}
    return found[found.obs["demuxlet_cls"] == "SNG"].copy()
