import anndata
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fxyd3 import cells
from fxyd3.errors import InputError

SIGNATURE = [f"SIG{i}" for i in range(30)]
Halved = tuple[anndata.AnnData, cells.HeldOut]


def test_area_by_hand() -> None:
    values = np.array([[3.0], [1.0], [1.0], [0.0]])
    # 3 beats 1 and 0; 1 ties with 1 and beats 0.
    assert cells.auroc(values, np.array([True, True, False, False]))[0] == pytest.approx(3.5 / 4)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=60))
def test_area_as_scikit_learn_has_it_and_mirrors(pairs: list[tuple[int, bool]]) -> None:
    values = np.array([v for v, _ in pairs], dtype=float)
    positive = np.array([p for _, p in pairs])
    if positive.all() or not positive.any():
        return
    area = cells.auroc(values[:, None], positive)[0]
    assert area == pytest.approx(roc_auc_score(positive, values))
    assert cells.auroc(values[:, None] ** 3, positive)[0] == pytest.approx(area)
    assert cells.auroc(values[:, None], ~positive)[0] == pytest.approx(1 - area)


def test_marker_sorts_and_random_genes_do_not(halved: Halved) -> None:
    own, genes = halved[0].copy(), halved[1]
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    found = cells.sortability(own, genes=genes)
    assert found.missing == ""
    planted = own.obs["truth"].isin(["0", "1"]).to_numpy()
    assert found.interval[0] == pytest.approx(cells.auroc(own[:, "FXYD3"].X.toarray(), planted)[0], abs=0.03)
    assert found.interval[1] > 0.65
    assert found.control[1] < 0.55
    assert list(found.genes.index) == ["FXYD3", "G1"]
    table = found.per_patient
    assert (table["purity"] > table["before"]).all()
    assert table["recovered"].between(0, 100).all()


def test_compared_genes_of_the_signature_are_marked(halved: Halved, prepared: anndata.AnnData) -> None:
    chosen = cells.held_out(prepared, compare=("SIG0", "G1"), signature=SIGNATURE, n_control=5)
    assert chosen.named == ("SIG0",)
    own = halved[0].copy()
    own.uns["held_out"] = list(chosen.genes)
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    assert cells.sortability(own, genes=chosen).genes["in_signature"].to_dict() == {
        "FXYD3": False,
        "SIG0": True,
        "G1": False,
    }


def test_paired_difference_from_the_marker(halved: Halved) -> None:
    own, genes = halved[0].copy(), halved[1]
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    table = cells.sortability(own, genes=genes).genes
    assert table.loc["FXYD3", ["less", "less_lower", "less_upper"]].tolist() == [0, 0, 0]
    assert table.loc["G1", "less"] == pytest.approx(table.loc["FXYD3", "auroc"] - table.loc["G1", "auroc"])
    assert table.loc["G1", "less_lower"] > 0


def test_curve_by_hand_and_through_the_gate(halved: Halved) -> None:
    own, genes = halved[0].copy(), halved[1]
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    found = cells.sortability(own, genes=genes)
    for name, curve in found.curve.groupby("patient"):
        here = (own.obs["patient"] == name).to_numpy()
        value = own[here, "FXYD3"].X.toarray().ravel()
        truth = own.obs["ancestral_train"][here].to_numpy()
        row = curve.iloc[len(curve) // 3]
        assert row["purity"] == pytest.approx(100 * truth[value >= row["gate"]].mean())
        assert row["recovered"] == pytest.approx(100 * (value[truth] >= row["gate"]).mean())
        assert curve["recovered"].is_monotonic_increasing
        assert curve.iloc[-1]["recovered"] == 100
        assert curve.iloc[-1]["purity"] == pytest.approx(found.per_patient.loc[name, "before"])


def test_gate_comes_from_the_other_patients(halved: Halved) -> None:
    """Changing one patient's own values leaves the gate chosen for it."""
    own, genes = halved[0].copy(), halved[1]
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    before = cells.sortability(own, genes=genes).per_patient.loc["P0", "gate"]
    values = own.X.toarray()
    values[(own.obs["patient"] == "P0").to_numpy(), own.var_names.get_loc("FXYD3")] = 0.1
    own.X = type(own.X)(values)
    assert cells.sortability(own, genes=genes).per_patient.loc["P0", "gate"] == before


def test_a_gene_that_made_the_groups_is_refused(halved: Halved) -> None:
    own = halved[0].copy()
    cells.progenitor_difference(own, SIGNATURE, n_control=1)
    with pytest.raises(InputError, match="G7 helped to make the groups"):
        cells.sortability(own, genes=cells.HeldOut("G7", (), ()))


def test_not_named(halved: Halved) -> None:
    own = halved[0].copy()
    own.obs = own.obs.drop(columns="ancestral_train", errors="ignore")
    with pytest.raises(InputError, match="run progenitor_difference first"):
        cells.sortability(own, genes=halved[1])


def test_nothing_ancestral_is_missing_not_an_error(halved: Halved) -> None:
    own = halved[0].copy()
    own.obs["ancestral_train"] = False
    assert "nothing to sort" in cells.sortability(own, genes=halved[1]).missing


def test_held_out_genes(prepared: anndata.AnnData) -> None:
    genes = cells.held_out(prepared, marker="FXYD3", compare=("G1", "absent"), signature=SIGNATURE, n_control=8)
    assert genes.compare == ("G1",)
    assert genes.named == ()
    assert len(set(genes.control)) == 8
    assert not {"FXYD3", "G1", *SIGNATURE} & set(genes.control)
    with pytest.raises(InputError, match="NOGENE is not among"):
        cells.held_out(prepared, marker="NOGENE")
    with pytest.raises(InputError, match="part of the signature"):
        cells.held_out(prepared, marker="SIG0", signature=SIGNATURE)
