import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.cells._sortability import Sortability
from fxyd3.cells._surface import BestSurface
from fxyd3.plots._sorting import sorting_curve, sorting_forest

UNKNOWN = (float("nan"),) * 3


def _found(patients: int = 3) -> Sortability:
    names = [f"P{i}" for i in range(patients)]
    table = pd.DataFrame({"purity": 80.0, "before": 40.0, "recovered": 60.0}, index=names)
    curve = pd.DataFrame(
        [(n, g, p, r) for n in names for g, p, r in ((2.0, 100.0, 1.0), (1.0, 80.0, 60.0), (0.0, 40.0, 100.0))],
        columns=["patient", "gate", "purity", "recovered"],
    )
    genes = pd.DataFrame(
        {"auroc": [0.8, 0.6], "lower": [0.7, 0.5], "upper": [0.9, 0.7], "in_signature": [False, True]},
        index=["FXYD3", "KIT"],
    )
    return Sortability(table, genes, (0.8, 0.7, 0.9), (0.5, 0.45, 0.55), "", curve)


def _best(missing: str = "") -> BestSurface:
    table = pd.DataFrame({"gene": ["EGFR", "EGFR", "MET"], "best": 0.6, "marker": 0.7}, index=["P0", "P1", "P2"])
    known = UNKNOWN if missing else (0.6, 0.5, 0.7)
    return BestSurface(table, pd.DataFrame(), 300, known, known, known, missing)


def _forest(best: BestSurface | None) -> Axes:
    return sorting_forest(_found(), best, marker="FXYD3", null=0.5, smallest=0.7, label="Simulated data (twin)")


def _names(axes: Axes) -> list[str]:
    return [tick.get_text() for tick in axes.get_yticklabels()]


def test_curve_has_one_line_and_one_gate_per_patient_and_leaves_out_the_first_few_cells() -> None:
    axes = sorting_curve(_found(), marker="FXYD3", label="Simulated data (twin)")
    assert len(axes.lines) == 3
    assert min(line.get_xdata().min() for line in axes.lines) == 60
    gates = [c for c in axes.collections if c.get_label() in ("P0", "P1", "P2")]
    assert [tuple(g.get_offsets()[0]) for g in gates] == [(60, 80)] * 3
    assert "FXYD3 (%)" in axes.get_xlabel()
    assert axes.figure.get_supxlabel() == "Simulated data (twin)"


def test_curve_of_nothing_says_so() -> None:
    empty = Sortability(pd.DataFrame(), pd.DataFrame(), UNKNOWN, UNKNOWN, "too few cells")
    axes = sorting_curve(empty, marker="FXYD3", label="data")
    assert "not testable" in axes.texts[0].get_text()


def test_forest_names_what_was_chosen_and_what_is_flattered() -> None:
    names = _names(_forest(_best()))
    assert names[:3] == ["FXYD3", "KIT\n(names the groups too)", "random genes"]
    assert names[3] == "FXYD3, half the counts"
    assert names[4] == "best of 300 surface genes\n(EGFR, MET), half the counts"
    assert len(_names(_forest(None))) == 3


@pytest.mark.parametrize("missing", ["", "an interval needs 3 patients"])
def test_forest_without_an_interval_still_shows_the_mean(missing: str) -> None:
    axes = _forest(_best(missing))
    places = [float(np.asarray(c.get_offsets())[0, 0]) for c in axes.collections]
    assert places == pytest.approx([0.8, 0.6, 0.5, 0.6 if not missing else 0.7, 0.6])
