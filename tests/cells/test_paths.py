import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy.stats import spearmanr

from fxyd3.cells._paths import edges, paths, pseudotime
from fxyd3.errors import InputError


def _line(n: int = 600, *, apart: bool = False, seed: int = 0) -> anndata.AnnData:
    """Cells along a curve in ten dimensions; potency and activity fall along it. ``apart`` adds a far island."""
    rng = np.random.default_rng(seed)
    way = np.sort(rng.random(n))
    space = np.column_stack([4 * way, np.sin(3 * way), rng.normal(0, 0.03, (n, 8)).reshape(n, 8)])
    if apart:
        space[: n // 5] += 1000
    own = anndata.AnnData(obs=pd.DataFrame({"way": way}, index=[f"c{i}" for i in range(n)]))
    own.obs["cluster"] = pd.Categorical(np.minimum(way * 4, 3).astype(int).astype(str))
    own.obs["signature"] = -way + rng.normal(0, 0.1, n)
    own.obs["potency"] = 1 - way
    own.obs["patient"] = rng.choice(["A", "B", "C"], n)
    own.obs["ancestral"] = own.obs["cluster"] == "0"
    own.obsm["X_line"] = space
    sc.pp.neighbors(own, use_rep="X_line", n_neighbors=15)
    return own


def test_pseudotime_follows_the_curve_from_the_active_end() -> None:
    own = _line()
    found = paths(own)
    assert spearmanr(own.obs["pseudotime"], own.obs["way"]).statistic > 0.99
    assert own.obs.loc[found.root, "way"] < 0.05
    assert own.obs.loc[found.root, "pseudotime"] == 0
    assert list(found.groups.index) == ["0", "1", "2", "3"]
    assert (found.groups["patients"] == 3).all()
    assert found.unreached == 0
    # Believing the reverse turns the order round.
    assert found.rules.loc["least activity", "groups_agree"] == pytest.approx(-1)
    assert found.agreement.loc["pseudotime and potency", "upper"] < -0.95


def test_pseudotime_is_that_of_scanpy_where_scanpy_weighs_every_component() -> None:
    own = anndata.AnnData(np.random.default_rng(0).normal(size=(500, 5)))
    sc.pp.neighbors(own, use_rep="X")
    sc.tl.diffmap(own, n_comps=10)
    own.uns["iroot"] = 5
    assert own.uns["diffmap_evals"][1] < 0.9994
    sc.tl.dpt(own, n_dcs=10)
    ours = pseudotime(own.obsm["X_diffmap"], own.uns["diffmap_evals"], 5)
    # scanpy also counts the constant component, whose share is small.
    assert np.corrcoef(ours, own.obs["dpt_pseudotime"])[0, 1] > 0.999


def test_neighbouring_stretches_touch_and_distant_ones_do_not() -> None:
    table = edges(_line()).set_index(["group", "other"])
    for pair in (("0", "1"), ("1", "2"), ("2", "3")):
        assert table.loc[pair, "edges"] > 0
    for pair in (("0", "2"), ("0", "3"), ("1", "3")):
        assert table.loc[pair, "edges"] == 0


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_edges_are_those_of_scanpy(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    sc.tl.paga(own, groups="cluster")
    theirs = own.uns["paga"]["connectivities"].toarray()
    names = list(own.obs["cluster"].cat.categories)
    for row in edges(own).itertuples():
        assert row.connectivity == pytest.approx(theirs[names.index(row.group), names.index(row.other)])


def test_groups_drawn_at_random_touch_as_by_chance(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    rng, ratios = np.random.default_rng(0), []
    for _ in range(50):
        own.obs["cluster"] = rng.choice(["1", "2", "3"], own.n_obs, p=[0.6, 0.3, 0.1])
        ratios.append(edges(own)["ratio"])
    np.testing.assert_array_less(np.abs(np.mean(ratios, axis=0) - 1), 4 * np.std(ratios, axis=0) / np.sqrt(50))


def test_without_named_groups_the_root_has_the_highest_potency() -> None:
    own = _line()
    own.obs["potency"] = own.obs["way"]
    del own.obs["ancestral"]
    found = paths(own)
    assert found.rule == "highest potency among the ends of all groups"
    assert own.obs.loc[found.root, "way"] > 0.95  # a component is flat at the end of a line: the end is not sharp


def test_the_island_has_no_pseudotime() -> None:
    own = _line(apart=True)
    own.obs["ancestral"] = own.obs["cluster"] == "1"
    found = paths(own)
    assert found.unreached == pytest.approx(20)
    assert own.obs["pseudotime"].isna().to_numpy().nonzero()[0].tolist() == list(range(120))
    assert np.isfinite(own.obs["pseudotime"].dropna()).all()
    assert found.groups.loc["3", "reached"] == 100
    assert found.groups.loc["0", "reached"] < 50


def test_order_of_cells_does_not_matter() -> None:
    own = _line()
    other = own[np.random.default_rng(1).permutation(own.n_obs)].copy()
    one, two = paths(own), paths(other)
    assert one.root == two.root
    np.testing.assert_allclose(other.obs.loc[own.obs_names, "pseudotime"], own.obs["pseudotime"], atol=1e-3)
    pd.testing.assert_frame_equal(one.edges, two.edges)


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("cluster", "there is no 'cluster' among the annotations: run cluster first"),
        ("potency", "there is no 'potency' among the annotations: run potency first"),
        ("signature", "there is no 'signature' among the annotations: run signature first"),
    ],
)
def test_a_missing_column_is_named(gone: str, says: str) -> None:
    own = _line(100)
    del own.obs[gone]
    with pytest.raises(InputError, match=says):
        paths(own)


def test_bad_number_of_components_and_no_neighbours() -> None:
    own = _line(100)
    with pytest.raises(InputError, match="n_comps is 2: give more than 3"):
        paths(own, n_comps=2)
    del own.obsp["connectivities"]
    with pytest.raises(InputError, match="run embed first"):
        paths(own)
