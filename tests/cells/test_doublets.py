"""Doublets: planted ones are found, expected shares are kept, and the score is Scrublet's."""

import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, vstack
from statsmodels.stats.proportion import proportion_confint
from tests.cells.droplets import judged

from fxyd3 import cells
from fxyd3.cells._doublets import doublets, recovered, singlets
from fxyd3.errors import InputError


def droplets(*, groups: int = 2, samples: int = 1, n: int = 600, rate: float = 0.08, seed: int = 0) -> anndata.AnnData:
    """Cells of groups far apart; some droplets hold two, drawn from the same sample. Taken through to components."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(0, 1, 800) * np.exp(rng.normal(0, 1.2, (groups, 800)) * (rng.random((groups, 800)) < 0.3))
    group, sample, double = rng.integers(0, groups, n), np.arange(n) % samples, rng.random(n) < rate
    mean = level / level.sum(axis=1, keepdims=True) * 2500
    own = rng.poisson(mean[group] * rng.lognormal(0, 0.25, (n, 1)))
    partner = rng.integers(0, groups, n)
    own[double] += rng.poisson(mean[partner[double]])
    obs = pd.DataFrame(
        {"sample": [f"S{i}" for i in sample], "double": double, "unlike": double & (partner != group)}
    ).rename(str)
    var = pd.DataFrame(index=[f"G{i}" for i in range(800)])
    return components(anndata.AnnData(csr_matrix(own.astype(np.float32)), obs=obs, var=var))


def components(raw: anndata.AnnData) -> anndata.AnnData:
    kept, _ = cells.qc(raw, min_genes=1, min_cells=1)
    cells.normalise(kept, n_top_genes=500)
    cells.embed(kept, n_comps=10, batch=(), umap=False)
    return kept


def test_doublets_of_unlike_cells_are_found_where_groups_lie_apart() -> None:
    found = droplets(rate=0.02)
    result = doublets(found)
    assert result.separate
    share = recovered(found.obs["doublet"].to_numpy(), found.obs["unlike"].to_numpy())["share"]
    assert share["recall"] > 0.9
    assert share["precision"] > 0.9


def test_one_group_has_one_hump_and_the_expected_share_is_called() -> None:
    found = droplets(groups=1)
    result = doublets(found, expected_rate=0.1)
    assert not result.separate
    assert 0.05 < found.obs["doublet"].mean() <= 0.1
    assert result.threshold == np.quantile(found.obs["doublet_score"], 0.9)


def test_scores_tell_doublets_as_well_as_scanpys_scrublet_does() -> None:
    import scanpy

    found = droplets(groups=3, seed=4)
    doublets(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = anndata.AnnData(found.layers["counts"].copy())
        scanpy.pp.scrublet(other, n_prin_comps=10, random_state=0, threshold=0.2)
    own, theirs = (table.to_numpy() for table in (found.obs["doublet_score"], other.obs["doublet_score"]))
    truth = found.obs["unlike"].to_numpy()
    assert cells.auroc(own, truth) >= cells.auroc(theirs, truth) - 0.02


def test_doublets_form_within_samples() -> None:
    """Two samples of one group each: no droplet can hold both, so nothing stands out between them."""
    rng = np.random.default_rng(0)
    one, two = droplets(groups=1, rate=0, n=300, seed=1), droplets(groups=1, rate=0, n=300, seed=2)
    counts = vstack([one.layers["counts"], two.layers["counts"]]).tocsr()
    obs = pd.DataFrame({"sample": ["A"] * one.n_obs + ["B"] * two.n_obs}).rename(str)
    own = components(anndata.AnnData(counts, obs=obs, var=one.var[[]]))
    mixed = own.copy()
    mixed.obs["sample"] = rng.permutation(mixed.obs["sample"].to_numpy())
    apart, together = doublets(own).simulated, doublets(mixed).simulated
    top = together.max()  # simulated doublets with none but their like around them
    assert (together == top).mean() > 5 * (apart == top).mean()


def test_the_same_seed_gives_the_same_scores_and_small_samples_are_not_asked() -> None:
    found = droplets(samples=4)
    found.obs.loc[found.obs["sample"].eq("S3") & (np.arange(found.n_obs) > 100), "sample"] = "S0"
    again = found.copy()
    result = doublets(found)
    doublets(again)
    pd.testing.assert_frame_equal(found.obs, again.obs)
    few = found.obs["sample"].eq("S3")
    assert few.sum() < 50
    assert found.obs.loc[few, "doublet_score"].isna().all()
    assert not found.obs.loc[few, "doublet"].any()
    assert found.obs.loc[~few, "doublet_score"].between(0, 1).all()
    assert result.table["cells"].sum() == found.n_obs
    assert result.table["called"].sum() == found.obs["doublet"].sum() == found.n_obs - singlets(found).n_obs


def test_recovered_counts_with_wilson_intervals() -> None:
    called, truth = (np.array([int(c) for c in text], dtype=bool) for text in ("1110000000", "1100110000"))
    table = recovered(called, truth)
    assert table["share"].tolist() == [2 / 3, 0.5]
    assert table["of"].tolist() == [3, 4]
    assert (table.loc["recall", "lower"], table.loc["recall", "upper"]) == proportion_confint(2, 4, method="wilson")
    assert recovered(np.zeros(3, dtype=bool), np.ones(3, dtype=bool)).loc["precision"].isna().sum() == 3


def test_of_the_twins_planted_doublets_more_are_found_than_by_chance() -> None:
    twin = judged("twin").copy()
    doublets(twin)
    truth = (twin.obs["truth_quality"] == "doublet").to_numpy()
    table = recovered(twin.obs["doublet"].to_numpy(), truth)
    assert (table["lower"] > 5 * truth.mean()).all()


@pytest.mark.real
@pytest.mark.parametrize("lines", ["sc_celseq2", "sc_celseq2_5cl_p1"])
def test_called_pairs_of_real_cell_lines_are_pairs_by_genotype(real_data: Path, lines: str) -> None:
    counts = pd.read_csv(real_data / "sc_mixology" / f"{lines}.count.csv.gz", index_col=0)
    about = pd.read_csv(real_data / "sc_mixology" / f"{lines}.metadata.csv.gz", index_col=0).loc[counts.columns]
    raw = anndata.AnnData(csr_matrix(counts.T.to_numpy(dtype=np.float32)), obs=about[["demuxlet_cls"]])
    raw.var_names = counts.index.astype(str)
    found = components(raw)
    doublets(found)
    truth = (found.obs["demuxlet_cls"] == "DBL").to_numpy()
    table = recovered(found.obs["doublet"].to_numpy(), truth)
    assert table.loc["precision", "lower"] > truth.mean()


@pytest.mark.parametrize("rate", [0, 0.5, 1.2])
def test_rates_that_are_none_are_refused(rate: float) -> None:
    with pytest.raises(InputError, match="give a share between 0 and"):
        doublets(droplets(n=100), expected_rate=rate)


def test_missing_steps_and_small_samples_are_named() -> None:
    with pytest.raises(InputError, match="run normalise and embed first"):
        doublets(anndata.AnnData(csr_matrix(np.ones((60, 5)))))
    small = droplets(n=90, samples=3)
    assert "doublets need 50" in doublets(small).missing
    assert not small.obs["doublet"].any()


def test_every_cell_a_doublet_is_one_sentence() -> None:
    found = droplets(n=100)
    with pytest.raises(InputError, match="run doublets first"):
        singlets(found)
    found.obs["doublet"] = True
    with pytest.raises(InputError, match="all 100 cells were called doublets"):
        singlets(found)
