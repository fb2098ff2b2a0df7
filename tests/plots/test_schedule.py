"""Figures of simulated schedules show what the tables hold, and say that they are simulations."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fxyd3.plots import residual_cells, schedule_course, schedule_window
from fxyd3.rescue import DIGITOXIN, DIGOXIN, orders, residual, schedule_map, simulate_schedule

PLANS = orders(DIGOXIN, mean_nM=1.6, chemotherapy_nM=2000)
DOSES = {"chemotherapy_nM": [100, 1000, 5000], "glycoside_nM": [0.5, 2, 10, 50]}


def label(axes: plt.Axes) -> str:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.get_supxlabel()


def test_courses_are_those_of_the_tables() -> None:
    courses = {name: simulate_schedule(plan) for name, plan in PLANS.items()}
    cells, chemotherapy, glycoside = schedule_course(courses, clinical=DIGOXIN.clinical_nM)
    for i, table in enumerate(courses.values()):
        np.testing.assert_allclose(cells.lines[2 * i].get_ydata(), table["total"])
        np.testing.assert_allclose(cells.lines[2 * i + 1].get_ydata(), table["tolerant"])
    assert cells.get_yscale() == "log"
    assert [text.get_text() for text in cells.get_legend().get_texts()] == list(courses)
    assert len(chemotherapy.lines) == len(glycoside.lines) == 4
    assert "digoxin, 0.64–2.56 nM" in glycoside.get_title(loc="left")
    assert glycoside.get_ylim()[1] > DIGOXIN.clinical_nM[1]
    assert label(cells).startswith("Simulation")


def test_cells_left_and_days_with_their_limits() -> None:
    found = residual({k: v for k, v in PLANS.items() if k != "glycoside alone"},
                     rates={"glycoside_ec50_nM": (10, 7, 14)})  # fmt: skip
    left, back = residual_cells(found)
    assert [text.get_text() for text in left.get_yticklabels()] == found.table["schedule"].tolist()
    n = 2 * len(found.table)
    spans, points = left.lines[:n:2], left.lines[1:n:2]
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], found.table["left"] / found.start * 100)
    np.testing.assert_allclose([line.get_xdata()[1] for line in spans], found.table["left_upper"] / found.start * 100)
    np.testing.assert_allclose([line.get_xdata()[0] for line in back.lines[1:n:2]], found.table["regrowth_hours"] / 24)
    assert left.lines[n].get_xdata()[0] == pytest.approx(found.table["left"].iloc[0] / found.start * 100)
    assert left.get_xlim()[0] == back.get_xlim()[0] == 0, "lengths from zero, so that little looks little"
    assert left.get_xlim()[1] > found.table["left_upper"].max() / found.start * 100
    assert label(left).startswith("Simulation")


def test_cells_that_never_come_back_and_folds_too_wide_for_a_linear_axis() -> None:
    strong = orders(DIGOXIN, mean_nM=1000, chemotherapy_nM=50_000, pulse_hours=240)
    found = residual({name: strong[name] for name in ("chemotherapy alone", "glycoside with")}, rates={"growth": 0.0})
    left, back = residual_cells(found)
    assert np.isinf(found.table["regrowth_hours"]).all()
    assert [text.get_text() for text in back.texts] == ["never", "never"]
    assert left.get_xscale() == "log"
    assert left.get_xlim()[0] < found.table["left_lower"].min() / found.start * 100


def test_the_map_names_the_range_and_is_labelled() -> None:
    table = schedule_map(PLANS["glycoside with"], **DOSES)
    axes = schedule_window(table, clinical={drug.name: drug.clinical_nM for drug in (DIGOXIN, DIGITOXIN)})
    assert [line.get_ydata()[0] for line in axes.lines] == [*DIGOXIN.clinical_nM, *DIGITOXIN.clinical_nM]
    one, two = [text.get_text() for text in axes.get_legend().get_texts()]
    assert one == "between these lines: digoxin in plasma, 0.64–2.56 nM"
    assert two == "between these lines: digitoxin in plasma, 18.3–34 nM"
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    drawn = np.asarray(axes.collections[0].get_array()).reshape(4, 3)
    np.testing.assert_allclose(drawn, table["fold"].to_numpy().reshape(3, 4).T)
    assert label(axes).startswith("Simulation")


@pytest.mark.parametrize(("fold", "side"), [(1.0, 0), (0.2, 1)])
def test_a_map_of_a_glycoside_that_does_nothing_or_protects_is_drawn_as_it_is(fold: float, side: int) -> None:
    table = schedule_map(PLANS["glycoside with"], rates={"glycoside_fold": fold}, **DOSES)
    axes = schedule_window(table, clinical={"digoxin": DIGOXIN.clinical_nM})
    assert (table["fold"].max() > 1 + 1e-9) == bool(side)
    assert axes.collections[0].norm.vmax == pytest.approx(max(table["fold"].max(), 1))
