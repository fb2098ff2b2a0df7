"""Paths against a planted line of groups, islands, and scanpy itself."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy.stats import spearmanr

from fxyd3.cells._graph import graph
from fxyd3.cells._paths import paths
from fxyd3.errors import InputError


def line(*, gap: float = 0.0, seed: int = 0, n: int = 900) -> anndata.AnnData:
    """Cells along a line, in groups a, b, c; activity and potency fall along it; ``gap`` parts c from the rest."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n)
    place = np.column_stack([10 * truth, rng.normal(0, 0.3, n), rng.normal(0, 0.3, n)])
    place[truth > 2 / 3, 0] += gap
    group = np.array(["a", "b", "c"])[np.minimum((3 * truth).astype(int), 2)]
    own = anndata.AnnData(np.zeros((n, 1), dtype=np.float32))
    own.obs["cluster"] = pd.Categorical(group, categories=["c", "a", "b", "empty"])
    own.obs["patient"] = pd.Categorical([f"P{i % 4}" for i in range(n)])
    own.obs["truth"] = truth
    own.obs["signature"] = 1 - truth + rng.normal(0, 0.5, n)
    own.obs["potency"] = 1 - truth + rng.normal(0, 0.1, n)
    own.obs["ancestral"] = group == "a"
    own.obsp["distances"], own.obsp["connectivities"] = graph(place, n_neighbors=15)
    own.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": 15, "method": "umap"},
    }
    return own


def test_order_along_a_line_is_found_from_its_ancestral_end() -> None:
    own = line()
    found = paths(own)
    assert spearmanr(own.obs["pseudotime"], own.obs["truth"]).statistic > 0.97
    assert own.obs["truth"][found.root] < 0.1
    assert own.obs["pseudotime"][found.root] == 0
    assert found.roots.loc["chosen", "order"] == "a, b, c"
    assert found.groups["pseudotime"].sort_values().index.tolist() == ["a", "b", "c"]
    assert (found.groups["lower"] < found.groups["upper"]).all()
    assert found.pieces == 1
    assert "ancestral group" in found.rule


def test_neighbours_on_the_line_are_linked_and_its_ends_are_not() -> None:
    links = paths(line()).links.set_index(["one", "other"])
    assert links.loc[("c", "a"), "links"] == 0
    assert not links.loc[("c", "a"), "tree"]
    assert links.loc[("c", "b"), "tree"]
    assert links.loc[("a", "b"), "tree"]


def test_links_at_random_reach_what_chance_gives() -> None:
    own = line()
    rng = np.random.default_rng(0)
    own.obs["cluster"] = pd.Categorical(rng.permutation(own.obs["cluster"].astype(str)))
    links = paths(own).links
    np.testing.assert_allclose(links["links"], links["expected"], rtol=0.1)


def test_connectivity_is_the_ratio_of_links_to_chance_and_scanpys() -> None:
    own = line()
    links = paths(own).links
    np.testing.assert_allclose(links["connectivity"], np.minimum(links["links"] / links["expected"], 1))
    own.obs["cluster"] = own.obs["cluster"].cat.remove_unused_categories()
    sc.tl.paga(own, groups="cluster")
    theirs = own.uns["paga"]["connectivities"].toarray()
    np.testing.assert_allclose(links["connectivity"], theirs[[0, 0, 1], [1, 2, 2]])


def test_pseudotime_is_scanpys_from_the_same_root() -> None:
    own = line()
    found = paths(own, seed=1)
    other = line()
    sc.tl.diffmap(other, n_comps=10, random_state=1)
    other.uns["iroot"] = int(other.obs_names.get_loc(found.root))
    sc.tl.dpt(other, n_dcs=10)
    assert other.uns["diffmap_evals"][1] < 0.9994
    np.testing.assert_allclose(own.obs["pseudotime"], other.obs["dpt_pseudotime"], atol=1e-6)  # float32 in scanpy


def test_a_long_thin_way_keeps_its_order_where_scanpy_takes_the_weight_from_its_slowest_component() -> None:
    own = line()
    thin = np.column_stack([10 * own.obs["truth"], np.random.default_rng(1).normal(0, 0.03, own.n_obs)])
    own.obsp["distances"], own.obsp["connectivities"] = graph(thin, n_neighbors=15)
    other = own.copy()
    found = paths(own, seed=1)
    sc.tl.diffmap(other, n_comps=10, random_state=1)
    assert other.uns["diffmap_evals"][1] > 0.9994
    other.uns["iroot"] = int(other.obs_names.get_loc(found.root))
    sc.tl.dpt(other, n_dcs=10)
    ours, theirs = (
        spearmanr(values, own.obs["truth"]).statistic for values in (own.obs["pseudotime"], other.obs["dpt_pseudotime"])
    )
    assert ours > 0.99
    assert theirs < ours - 0.1


def test_the_root_decides_the_direction() -> None:
    roots = paths(line()).roots
    assert roots.loc["chosen", "same_order"] == pytest.approx(1)
    assert roots.loc["extreme of lowest activity", "same_order"] < -0.9
    assert roots.loc["extreme of lowest activity", "order"] == "c, b, a"


def test_agreement_beyond_any_root_only_where_there_is_some() -> None:
    """On the line the chosen end beats random roots; measures shuffled over the cells agree with nothing."""
    own = line()
    table = paths(own).agreement
    assert table.loc["pseudotime and potency", "rho"] < -0.9
    assert table.loc["pseudotime and potency", "upper"] < 0
    assert (table["patients"] == 4).all()
    rng = np.random.default_rng(1)
    for column in ("signature", "potency"):
        own.obs[column] = rng.permutation(own.obs[column])
    table = paths(own).agreement
    assert (table["rho"].abs() < 0.1).all()
    assert table.loc["potency and activity", "lower"] < 0 < table.loc["potency and activity", "upper"]


def test_an_island_gets_no_pseudotime() -> None:
    own = line(gap=50)
    found = paths(own)
    assert found.pieces == 2
    assert found.groups["reached"].to_dict() == {"c": 0, "a": 100, "b": 100}
    assert own.obs.loc[own.obs["cluster"] == "c", "pseudotime"].isna().all()
    assert own.obs.loc[own.obs["cluster"] != "c", "pseudotime"].between(0, 1).all()
    assert np.isnan(found.groups.loc["c", "pseudotime"])
    assert found.links.set_index(["one", "other"]).loc[("c", "b"), "links"] == 0


def test_without_a_name_the_most_potent_end_is_the_root() -> None:
    own = line()
    del own.obs["ancestral"]
    own.obs["potency"] = own.obs["truth"]
    found = paths(own)
    assert found.rule == "the extreme of highest potency, since no group is named ancestral"
    assert found.roots.loc["chosen", "order"] == "c, b, a"


def test_a_middle_group_holds_no_extreme() -> None:
    own = line()
    own.obs["ancestral"] = own.obs["truth"].between(0.45, 0.46)
    assert "no extreme lies in an ancestral group" in paths(own).rule


def test_order_of_cells_does_not_matter() -> None:
    own, turned = line(), line()[::-1].copy()
    one, two = paths(own), paths(turned)
    assert one.root == two.root
    np.testing.assert_allclose(turned.obs["pseudotime"][own.obs_names], own.obs["pseudotime"], atol=1e-3)
    pd.testing.assert_frame_equal(one.links, two.links)


def test_one_patient_has_no_interval() -> None:
    own = line()
    del own.obs["patient"]
    found = paths(own)
    assert found.groups["lower"].isna().all()
    assert found.groups["pseudotime"].notna().all()
    assert found.agreement["lower"].isna().all()


@pytest.mark.parametrize("column", ["cluster", "signature", "potency"])
def test_a_column_is_missing(column: str) -> None:
    own = line(n=100)
    del own.obs[column]
    with pytest.raises(InputError, match=f"there is no '{column}' among the annotations"):
        paths(own)


def test_one_group_or_no_graph() -> None:
    own = line(n=100)
    own.obs["cluster"] = "a"
    with pytest.raises(InputError, match="holds 1 group"):
        paths(own)
    del own.obsp["distances"]
    own.obs["cluster"] = line(n=100).obs["cluster"]
    with pytest.raises(InputError, match="run embed first"):
        paths(own)


def test_too_few_cells_hang_together() -> None:
    with pytest.raises(InputError, match="only 20 cells"):
        paths(line(n=20))
