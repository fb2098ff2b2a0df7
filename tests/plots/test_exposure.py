"""Figures of exposure and schedules show what the tables hold, and say that they are no measurements."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fxyd3.plots import exposure, residual_cells, schedule_course, schedule_window, xenograft
from fxyd3.rescue import DIGOXIN, Regimen, orders, residual, schedule_map, simulate_schedule, xenograft_gap

PLANS = orders(DIGOXIN, mean_nM=1.6, chemotherapy_nM=2000)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def label(axes: plt.Axes) -> str:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.get_supxlabel()


def test_plasma_over_days_and_its_range() -> None:
    regimen = Regimen(DIGOXIN, 1.6, doses=7)
    axes = exposure({"daily": regimen})
    line = axes.lines[0]
    np.testing.assert_allclose(line.get_ydata(), regimen.course()["nM"])
    np.testing.assert_allclose(line.get_xdata(), regimen.course()["hours"] / 24)
    (band,) = [patch for patch in axes.patches if patch.get_gid() == "clinical"]
    ends = band.get_extents().transformed(axes.transData.inverted()).get_points()[:, 1]
    np.testing.assert_allclose(ends, DIGOXIN.clinical_nM)
    assert "not a measurement" in label(axes)


def test_a_person_and_a_mouse_lie_on_the_curve_at_what_they_bear() -> None:
    gap = xenograft_gap([1, 30], ec50_nM=10, hill=1.5)
    axes = xenograft(gap, ec50_nM=10, hill=1.5, clinical={"digoxin": DIGOXIN.clinical_nM})
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert [line.get_xdata()[0] for line in marks] == gap["borne_nM"].tolist()
    assert [line.get_ydata()[0] for line in marks] == pytest.approx((100 * gap["mouse"]).tolist())
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told[0].startswith("a person")
    assert "if it bears 30 times more" in told[1]
    assert "not a measurement" in label(axes)


def test_courses_are_those_of_the_tables() -> None:
    courses = {name: simulate_schedule(plan) for name, plan in PLANS.items()}
    cells, chemotherapy, glycoside = schedule_course(courses, clinical=DIGOXIN.clinical_nM)
    for i, table in enumerate(courses.values()):
        np.testing.assert_allclose(cells.lines[2 * i].get_ydata(), table["total"])
        np.testing.assert_allclose(cells.lines[2 * i + 1].get_ydata(), table["tolerant"])
    assert len(chemotherapy.lines) == len(glycoside.lines) == 4
    assert label(cells).startswith("Simulation")


def test_cells_left_and_days_with_their_limits() -> None:
    found = residual({k: v for k, v in PLANS.items() if k != "glycoside alone"},
                     rates={"glycoside_ec50_nM": (10, 7, 14)})  # fmt: skip
    left, back = residual_cells(found)
    assert [text.get_text() for text in left.get_yticklabels()] == found.table["schedule"].tolist()
    spans, points = left.lines[::2], left.lines[1::2]
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], found.table["left"] / found.start * 100)
    np.testing.assert_allclose([line.get_xdata()[1] for line in spans], found.table["left_upper"] / found.start * 100)
    np.testing.assert_allclose([line.get_xdata()[0] for line in back.lines[1::2]], found.table["regrowth_hours"] / 24)


def test_the_map_names_the_range_and_is_labelled() -> None:
    table = schedule_map(PLANS["glycoside with"], chemotherapy_nM=[100, 1000, 5000], glycoside_nM=[0.5, 2, 10, 50])
    axes = schedule_window(table, clinical=DIGOXIN.clinical_nM)
    assert [line.get_ydata()[0] for line in axes.lines] == list(DIGOXIN.clinical_nM)
    assert "digoxin in plasma" in axes.texts[-1].get_text()
    assert label(axes).startswith("Simulation")
