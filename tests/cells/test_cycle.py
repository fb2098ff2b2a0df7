"""Phases and what they explain, where division was planted."""

import hashlib
from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3.cells._cycle import G2M_GENES, RENAMED, S_GENES, cell_cycle, cycle_effect
from fxyd3.errors import InputError

PUBLISHED = "eb666ba4f7b7a8b2845e1586d42687feaf813e9fa1fdadba89dacd4093411ac0"  # of the file's 97 lines


def test_the_genes_are_those_of_the_published_file() -> None:
    lines = "".join(f"{gene}\n" for gene in (*S_GENES, *G2M_GENES))
    assert hashlib.sha256(lines.encode()).hexdigest() == PUBLISHED


@pytest.fixture(scope="module")
def planted() -> anndata.AnnData:
    """900 cells of 3 patients, a third each with S up, G2/M up, neither; three renamed symbols, one absent."""
    rng = np.random.default_rng(0)
    own = [RENAMED.get(gene, gene) for gene in S_GENES] + [gene for gene in G2M_GENES if gene != "CENPA"]
    names = [*own, *(f"G{i}" for i in range(1500))]
    truth, patient = np.repeat(["G1", "S", "G2M"], 300), np.tile(["a", "b", "c"], 300)
    level = np.tile(rng.lognormal(0, 0.7, len(names)), (900, 1))
    level[:, : len(own)] = 0.5
    level[np.ix_(truth == "S", np.arange(43))] *= 6
    level[np.ix_(truth == "G2M", np.arange(43, len(own)))] *= 6
    values = csr_matrix(np.log1p(rng.poisson(level)).astype(np.float32))
    obs = pd.DataFrame({"truth": truth, "patient": patient}, index=[f"cell{i}" for i in range(900)])
    obs["cluster"] = pd.Categorical(np.where(truth == "G1", "1", "2"))
    study = anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=names))
    genes = values.toarray()
    study.obsm["X_pca"] = np.c_[genes[:, :43].mean(axis=1) - genes[:, 43:96].mean(axis=1), rng.normal(size=900)]
    study.uns["pca"] = {"variance_ratio": np.array([0.3, 0.1])}
    return study


@pytest.fixture(scope="module")
def scored(planted: anndata.AnnData) -> anndata.AnnData:
    study = planted.copy()
    study.uns["found"] = cell_cycle(study)
    return study


def test_finds_planted_phases_and_renamed_genes(scored: anndata.AnnData) -> None:
    found = scored.uns["found"]
    assert (len(found.s), len(found.g2m)) == (43, 53)
    assert "CENPU" in found.s
    assert found.missing == ("CENPA",)
    assert list(scored.obs["phase"].cat.categories) == ["G1", "S", "G2M"]
    agree = scored.obs["phase"].astype(str) == scored.obs["truth"]
    assert agree[scored.obs["truth"] != "G1"].mean() > 0.98
    assert scored.obs["S_score"].dtype == scored.obs["G2M_score"].dtype == np.float64


def test_order_of_cells_does_not_matter(planted: anndata.AnnData, scored: anndata.AnnData) -> None:
    turned = planted[::-1].copy()
    cell_cycle(turned, key="when")
    assert turned.obs["S_score"].loc[scored.obs_names].to_numpy() == pytest.approx(scored.obs["S_score"], abs=1e-5)
    assert "phase" not in turned.obs
    assert "when" in turned.obs


def test_explains_the_component_of_division_and_no_other(scored: anndata.AnnData) -> None:
    table = cycle_effect(scored, n_comps=2).components
    assert table.loc["PC1", "r2"] > 0.9
    assert table.loc["PC2", "r2"] < 0.02
    assert table["variance"].tolist() == [0.3, 0.1]
    assert (table["n"] == 900).all()


def test_shares_are_means_over_patients(scored: anndata.AnnData) -> None:
    study = scored.copy()
    study.obs["phase"] = pd.Categorical(study.obs["truth"], categories=["G1", "S", "G2M"])
    patient = study.obs["patient"].to_numpy()
    lone = np.flatnonzero((patient == "c") & (study.obs["truth"] == "S"))
    few = study[np.setdiff1d(np.arange(900), lone[10:])].copy()  # patient c keeps 10 of 100 cells in S
    table = cycle_effect(few, n_comps=1).groups.set_index(["group", "phase"])
    row = table.loc[("2", "S")]
    assert row["share"] == pytest.approx((0.5 + 0.5 + 10 / 110) / 3)
    assert (row["lowest"], row["highest"]) == pytest.approx((10 / 110, 0.5))
    assert (row["patients"], row["cells"]) == (3, 510)
    assert table.groupby("group")["share"].sum().to_numpy() == pytest.approx(1)


def test_a_patient_with_few_cells_of_a_group_is_left_out(scored: anndata.AnnData) -> None:
    outside = np.flatnonzero((scored.obs["patient"] == "c") & (scored.obs["cluster"] == "1"))
    few = scored[np.setdiff1d(np.arange(900), outside[9:])].copy()
    table = cycle_effect(few, n_comps=1).groups.set_index("group")
    assert (table.loc["1", "patients"] == 2).all()
    assert (table.loc["2", "patients"] == 3).all()


def test_without_patients_all_cells_are_one(scored: anndata.AnnData) -> None:
    nameless = scored.copy()
    del nameless.obs["patient"]
    table = cycle_effect(nameless, n_comps=1).groups.set_index(["group", "phase"])
    assert (table["patients"] == 1).all()
    divided = (nameless.obs["phase"] == "S")[nameless.obs["cluster"] == "2"]
    assert table.loc[("2", "S"), "share"] == pytest.approx(divided.mean())
    assert (table["lowest"] == table["highest"]).all()


def test_shares_are_not_numbers_where_every_patient_has_few_cells(scored: anndata.AnnData) -> None:
    few = scored[[*range(9), *range(300, 900)]].copy()  # three cells of group 1 in each patient
    table = cycle_effect(few, n_comps=1).groups.set_index("group")
    assert table.loc["1", ["share", "lowest", "highest"]].isna().to_numpy().all()
    assert (table.loc["1", ["patients", "cells"]] == 0).to_numpy().all()
    assert table.loc["2", "share"].notna().all()


def without_components(study: anndata.AnnData) -> anndata.AnnData:
    bare = study.copy()
    del bare.obsm["X_pca"]
    return bare


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: cell_cycle(a[:, 40:].copy()), "3 S genes are among"),
        (lambda a: cycle_effect(a, key="groups"), "no column 'groups'"),
        (lambda a: cycle_effect(without_components(a)), "run embed first"),
        (lambda a: cycle_effect(a, n_comps=3), "n_comps is 3, but there are 2"),
    ],
)
def test_bad_input_in_one_sentence(
    scored: anndata.AnnData, spoil: Callable[[anndata.AnnData], object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        spoil(scored)
