import anndata
import pytest
from sklearn.metrics import adjusted_rand_score

from fxyd3 import cells

Halved = tuple[anndata.AnnData, cells.HeldOut]


def test_half_the_counts_find_the_planted_groups_again(halved: Halved) -> None:
    own, genes = halved
    assert own.obs["cluster_train"].nunique() == 4
    assert adjusted_rand_score(own.obs["truth"], own.obs["cluster_train"]) > 0.6
    assert set(own.uns["held_out"]) == set(genes.genes)


def test_one_group_stays_one(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    assert cells.regroup(own, n_groups=1, n_comps=15).to_dict() == {"1": own.n_obs}


def test_what_is_lacking(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    assert cells.lacking_genes(own, signature=["SIG1"], marker="FXYD3") == ""
    assert "none of the 1 signature genes" in cells.lacking_genes(own, signature=["X"], marker="FXYD3")
    assert "NOGENE is not among" in cells.lacking_genes(own, signature=["SIG1"], marker="NOGENE")
    own.uns["fxyd3"] = {"symbols": "ensembl"}
    assert "--genes" in cells.lacking_genes(own, signature=["SIG1"], marker="FXYD3")


@pytest.mark.real
def test_cell_lines_without_symbols_or_patients(mixture: anndata.AnnData) -> None:
    kept, _ = cells.qc(mixture)
    cells.normalise(kept)
    cells.embed(kept, umap=False)
    cells.regroup(kept, n_groups=3)
    assert adjusted_rand_score(kept.obs["cell_line_demuxlet"], kept.obs["cluster_train"]) > 0.95
