"""Activity of gene sets: decoupler and scanpy run directly, invariances, bad input."""

import anndata
import decoupler as dc
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import stats

from fxyd3.cells._activity import activity, coverage
from fxyd3.errors import InputError

METHODS = ("ulm", "aucell", "mean")


@pytest.fixture(scope="module")
def sets(prepared: anndata.AnnData) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    genes = {
        "planted": [f"SIG{i}" for i in range(30)],
        "others": list(rng.choice(prepared.var_names, 60, replace=False)),
        "a few": ["FXYD3", "SIG1", "absent"],
    }
    net = pd.DataFrame([(s, g, 1.0) for s, own in genes.items() for g in own], columns=["source", "target", "weight"])
    net.loc[net.groupby("source").cumcount() % 3 == 2, "weight"] = -0.5
    return net


@pytest.fixture(scope="module")
def small(prepared: anndata.AnnData) -> anndata.AnnData:
    return prepared[:240].copy()


@pytest.mark.parametrize("method", ["ulm", "aucell"])
def test_blocks_give_what_decoupler_gives_in_one_go(small: anndata.AnnData, sets: pd.DataFrame, method: str) -> None:
    own = small[:, np.sort(small.var_names)].copy()
    net = sets if method == "ulm" else sets[sets["weight"] > 0]
    {"ulm": dc.mt.ulm, "aucell": dc.mt.aucell}[method](own, net, tmin=1, empty=False)
    for block in (7, 240, 100_000):
        found = activity(small, sets, method=method, block=block)
        assert list(found.columns) == ["planted", "others", "a few"]
        assert list(found.index) == list(small.obs_names)
        pd.testing.assert_frame_equal(found, own.obsm[f"score_{method}"][list(found.columns)], rtol=1e-8, atol=1e-9)


def test_ulm_is_the_t_of_a_regression(small: anndata.AnnData, sets: pd.DataFrame) -> None:
    weight = sets[sets["source"] == "planted"].set_index("target")["weight"].reindex(small.var_names).fillna(0)
    found = activity(small, sets)["planted"]
    for cell in (0, 100, 239):
        line = stats.linregress(weight, small.X[cell].toarray()[0].astype(float))
        assert found.iloc[cell] == pytest.approx(line.slope / line.stderr, rel=1e-9)


def test_aucell_is_one_where_the_set_leads_and_nothing_where_it_is_last() -> None:
    names = [f"G{i}" for i in range(200)]
    values = np.stack([np.arange(200, 0, -1), np.arange(1, 201)]).astype(np.float32)
    cells = anndata.AnnData(values, var=pd.DataFrame(index=names))
    net = pd.DataFrame({"source": "first", "target": names[:5], "weight": 1.0})
    np.testing.assert_allclose(activity(cells, net, method="aucell")["first"], [1, 0])


def test_mean_is_scanpys_score_of_the_positive_genes(small: anndata.AnnData, sets: pd.DataFrame) -> None:
    own = small.copy()
    found = activity(own, sets, method="mean")
    for name, genes in sets[sets["weight"] > 0].groupby("source"):
        sc.tl.score_genes(own, own.var_names.intersection(genes["target"]), score_name="scanpy", random_state=0)
        np.testing.assert_allclose(found[name], own.obs["scanpy"], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_order_of_cells_and_sparse_or_dense_do_not_matter(
    small: anndata.AnnData, sets: pd.DataFrame, method: str
) -> None:
    found = activity(small, sets, method=method)
    turned = activity(small[::-1].copy(), sets[::-1], method=method)
    pd.testing.assert_frame_equal(turned.loc[found.index, list(found.columns)], found, rtol=1e-6, atol=1e-6)
    dense = small.copy()
    dense.X = dense.X.toarray()
    pd.testing.assert_frame_equal(activity(dense, sets, method=method), found, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", ["ulm", "aucell"])
def test_order_of_genes_and_other_cells_do_not_matter(small: anndata.AnnData, sets: pd.DataFrame, method: str) -> None:
    found = activity(small, sets, method=method)
    rng = np.random.default_rng(1)
    mixed = small[:50, rng.permutation(small.n_vars)].copy()
    pd.testing.assert_frame_equal(activity(mixed, sets, method=method), found[:50], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_planted_set_tells_its_cells_better_than_any_random_set(prepared: anndata.AnnData, method: str) -> None:
    rng = np.random.default_rng(2)
    genes = {f"random {i}": rng.choice(prepared.var_names[40:], 30, replace=False) for i in range(20)}
    genes["planted"] = np.array([f"SIG{i}" for i in range(30)])
    net = pd.concat([pd.DataFrame({"source": s, "target": own, "weight": 1.0}) for s, own in genes.items()])
    found = activity(prepared, net.reset_index(drop=True), method=method)
    planted = prepared.obs["truth"].isin(["0", "1"]).to_numpy()
    gap = (found[planted].mean() - found[~planted].mean()) / found[~planted].std()
    assert gap["planted"] > 2
    assert gap["planted"] > 2 * gap.drop("planted").abs().max()


def test_a_set_turned_round_has_the_opposite_activity(small: anndata.AnnData, sets: pd.DataFrame) -> None:
    turned = sets.assign(weight=-sets["weight"])
    pd.testing.assert_frame_equal(activity(small, turned), -activity(small, sets), rtol=1e-9)


def test_coverage_counts_what_is_there(small: anndata.AnnData, sets: pd.DataFrame) -> None:
    table = coverage(small, sets)
    assert table.loc["a few"].tolist() == [3, 2, "absent"]
    assert table.loc["planted"].tolist() == [30, 30, ""]


def test_nothing_is_written_or_printed(
    small: anndata.AnnData, sets: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    own = small.copy()
    for method in METHODS:
        activity(own, sets, method=method)
    assert list(own.obs) == list(small.obs)
    assert list(own.obsm) == list(small.obsm)
    assert capfd.readouterr() == ("", "")


def _silent(adata: anndata.AnnData) -> anndata.AnnData:
    own = adata.copy()
    own.X = own.X.toarray()
    own.X[3] = 0
    return own


def _not_finite(adata: anndata.AnnData) -> anndata.AnnData:
    own = adata.copy()
    own.X.data[5] = np.nan
    return own


@pytest.mark.parametrize(
    ("change", "spoil", "options", "told"),
    [
        (None, None, {"method": "gsva"}, "no method 'gsva': choose one of ulm, aucell, mean"),
        (None, None, {"block": 0}, "block is 0"),
        (lambda net: net.drop(columns="weight"), None, {}, "no column 'weight'"),
        (lambda net: pd.concat([net, net[:1]]), None, {}, "SIG0 stands twice in the set 'planted'"),
        (lambda net: net.assign(target=net["target"] + "x"), None, {}, "none of the 30 genes of 'planted'"),
        (lambda net: net.assign(weight=-1.0), None, {"method": "aucell"}, "'planted' that aucell can use"),
        (None, _silent, {}, "cells have no counts, such as cell"),
        (None, _not_finite, {}, "not finite"),
    ],
)
def test_bad_input_in_one_sentence(small, sets, change, spoil, options, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        activity(spoil(small) if spoil else small, change(sets) if change else sets, **options)
