"""Gains and losses along chromosomes: planted ones are seen, and neighbours or lineages are not taken for them."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from tests.cells.droplets import judged

from fxyd3.cells import auroc
from fxyd3.cells._copy_number import copy_number
from fxyd3.data.lineages import OTHER
from fxyd3.data.positions import CHROMOSOMES, from_gencode, positions
from fxyd3.errors import InputError

CELLS, PLANTED = 300, {"8": 1.0, "13": -1.0}  # log2 change of a whole chromosome


def tumour(planted: dict[str, float] | None = None, *, seed: int = 0, patients: int = 1) -> anndata.AnnData:
    """Log values of candidates (two thirds) and a reference of three lineages that differ in genes here and there."""
    rng = np.random.default_rng(seed)
    places = positions()
    places = places[places["chromosome"].isin(["1", "2", "8", "13", "19"])].iloc[::2]
    markers = [gene for genes in OTHER.values() for gene in genes]
    names = [*places.index.difference(markers), *markers]
    kind = rng.integers(0, len(OTHER), CELLS)
    candidate = np.arange(CELLS) % 3 > 0
    level = rng.lognormal(-1, 1, len(names))
    log2 = np.where(rng.random((4, len(names))) < 0.1, rng.normal(0, 1.5, (4, len(names))), 0)
    chromosome = positions()["chromosome"].reindex(names).astype(str)
    for name, change in (planted or {}).items():
        log2[3] += change * (chromosome == name).to_numpy()
    mean = level * np.exp2(log2[np.where(candidate, 3, kind)])
    for i, genes in enumerate(OTHER.values()):
        mean[:, [names.index(gene) for gene in genes]] = np.where((kind == i) & ~candidate, 3, 0.01)[:, None]
    counts = rng.poisson(mean * rng.lognormal(0, 0.3, (CELLS, 1)))
    values = np.log1p(counts / counts.sum(axis=1, keepdims=True) * np.median(counts.sum(axis=1)))
    obs = pd.DataFrame({"reference": ~candidate, "patient": [f"P{i // 3 % patients}" for i in range(CELLS)]}).rename(
        str
    )
    return anndata.AnnData(csr_matrix(values.astype(np.float32)), obs=obs, var=pd.DataFrame(index=names))


def of(cells: anndata.AnnData) -> np.ndarray:
    return cells.obs["reference"].to_numpy()


def test_planted_gains_and_losses_are_seen_where_they_are() -> None:
    cells = tumour(PLANTED)
    found = copy_number(cells, reference=of(cells))
    mean = pd.Series(found.profile[~of(cells)].mean(axis=0)).groupby(found.chromosomes).mean()
    assert mean.idxmax() == "8"
    assert mean.idxmin() == "13"
    assert found.table.loc["P0", "seen"]
    assert auroc(cells.obs["copy_number"].to_numpy(), ~of(cells)) > 0.95
    assert (found.cells["score"] == cells.obs["copy_number"]).all()


def test_where_none_are_planted_nothing_is_seen() -> None:
    """Lineages of other genes are compared throughout: the likeness tells them apart, and is no evidence."""
    seen, likeness = [], []
    for seed in range(12):
        cells = tumour(seed=seed)
        found = copy_number(cells, reference=of(cells))
        seen.append(found.table.loc["P0", "seen"])
        likeness.append(auroc(found.cells["likeness"].to_numpy(), ~of(cells)))
    assert sum(seen) <= 2
    assert min(likeness) > 0.8


def test_the_smoothed_profile_is_a_running_mean_within_a_chromosome() -> None:
    cells = tumour(PLANTED)
    found = copy_number(cells, reference=of(cells), window=51, step=1, min_mean=0)
    genes = positions().index[(positions()["chromosome"] == "8").to_numpy()]
    values = cells[:, genes.intersection(cells.var_names, sort=False)].to_df()
    centred = (values - values[of(cells)].mean()).clip(-3, 3)
    by_hand = centred.T.rolling(51).mean().dropna().T
    ours = found.profile[:, found.chromosomes == "8"]
    assert ours.shape == by_hand.shape
    gap = ours - by_hand.to_numpy()  # one number per cell and one per step, from centring
    gap -= gap[of(cells)].mean(axis=0)
    assert np.ptp(gap, axis=1).max() < 1e-5


def test_order_of_cells_and_genes_and_the_form_of_the_matrix_change_nothing() -> None:
    cells = tumour(PLANTED)
    rng = np.random.default_rng(1)
    turned = cells[rng.permutation(cells.n_obs)][:, rng.permutation(cells.n_vars)].copy()
    turned.X = turned.X.toarray()
    one = copy_number(cells, reference=of(cells))
    two = copy_number(turned, reference=of(turned))
    pd.testing.assert_frame_equal(one.cells, two.cells.loc[one.cells.index], atol=1e-5)
    pd.testing.assert_frame_equal(one.table, two.table, atol=1e-5)


def test_each_patient_has_a_row_if_it_has_the_cells() -> None:
    cells = tumour(PLANTED, patients=3)
    cells.obs.loc[cells.obs["patient"].eq("P2") & ~cells.obs["reference"], "patient"] = "P1"
    table = copy_number(cells, reference=of(cells)).table
    assert table.index[table["kind"] == "candidates"].tolist() == ["P0", "P1"]
    assert not table.loc[table["kind"] == "reference", "seen"].any()


@pytest.mark.parametrize(
    ("reference", "genes", "words"),
    [
        (lambda cells: of(cells) & (np.arange(CELLS) < 60), None, "cells are reference"),
        (lambda cells: np.ones(CELLS, dtype=bool), None, "and others to compare"),
        (of, 90, "no chromosome has 101 expressed genes"),
    ],
)
def test_bad_input_is_one_sentence(reference, genes, words) -> None:  # type: ignore[no-untyped-def]
    cells = tumour()[:, :genes].copy()
    with pytest.raises(InputError, match=words):
        copy_number(cells, reference=reference(cells))


@pytest.mark.real
def test_real_cancer_cells_are_told_from_immune_and_stromal_ones(real_data: Path) -> None:
    cells = judged(real_data / "wu2021_cid4465_tnbc.h5ad")
    found = copy_number(cells.copy(), reference=~cells.obs["epithelial"].to_numpy())
    label = cells.obs["celltype_major"].astype(str).to_numpy()
    asked = ~np.isin(label, ["Normal Epithelial"])
    cancer = (label == "Cancer Epithelial")[asked]
    assert auroc(found.cells["score"].to_numpy()[asked], cancer) > 0.9
    assert found.table.loc[found.table["kind"] == "candidates", "seen"].all()


@pytest.mark.real
def test_the_twin_carries_the_profile_of_the_tumour_it_was_fitted_to(real_data: Path) -> None:
    means = []
    for data in ("twin", real_data / "wu2021_cid4465_tnbc.h5ad"):
        cells = judged(data)
        inside = cells.obs["epithelial"].to_numpy()
        found = copy_number(cells.copy(), reference=~inside)
        means.append(pd.Series(found.profile[inside].mean(axis=0)).groupby(found.chromosomes).mean())
    both = pd.concat(means, axis=1, join="inner")
    assert both.corr().iloc[0, 1] > 0.9


def test_positions_are_those_of_the_genome(tmp_path: Path) -> None:
    table = positions()
    assert table.index.is_unique
    assert table["chromosome"].cat.categories.tolist() == list(CHROMOSOMES)
    assert (table.loc[["FXYD3", "MYC", "TP53", "ERBB2"], "chromosome"] == ["19", "8", "17", "17"]).all()
    assert table.groupby("chromosome", observed=True)["start"].apply(lambda start: start.is_monotonic_increasing).all()
    rows = [("chrX", 5, "B", "protein_coding"), ("chrY", 5, "B", "protein_coding"), ("chr2", 9, "A", "lncRNA"),
            ("chr2", 7, "C", "protein_coding"), ("chr2", 1, "ENSG0", "protein_coding")]  # fmt: skip
    path = tmp_path / "genes.tsv"
    pd.DataFrame(rows, columns=["#contig", "start", "gene_name", "gene_type"]).to_csv(path, sep="\t", index=False)
    assert from_gencode(path).reset_index().astype(str).to_numpy().tolist() == [["C", "2", "7"], ["B", "X", "5"]]
