"""The figures of patients by their data and labels, not by their pixels."""

import numpy as np
import pandas as pd
import pytest

from fxyd3.background import cox, hazard_over_time, kaplan_meier
from fxyd3.plots import hazard_ratios, hazards, survival_curves


@pytest.fixture
def patients() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    er = np.repeat(["ER-negative", "ER-positive"], 60)
    times = rng.exponential(np.where(er == "ER-negative", 2.0, 6.0))
    return pd.DataFrame({"time": np.minimum(times, 8.0), "event": times < 8.0, "er": er})


def test_curves_are_the_estimates_and_numbers_at_risk_are_counted_below(patients: pd.DataFrame) -> None:
    at = [0.0, 2.0, 4.0, 6.0]
    found = kaplan_meier(patients, by="er", at=at)
    (axes,) = survival_curves({"a cohort": found}, label="as given")
    assert axes.figure.get_supxlabel() == "as given"
    for line in axes.lines:
        own = found.curves[found.curves["group"] == line.get_label()]
        np.testing.assert_allclose(line.get_ydata(), own["survival"])
    assert len({line.get_linestyle() for line in axes.lines}) == 2  # told apart without colour
    shown = [text.get_text() for text in axes.texts if text.get_text().isdigit()]
    counted = [
        int(((patients["er"] == er) & (patients["time"] >= time)).sum()) for er in found.groups["group"] for time in at
    ]
    assert shown == [str(count) for count in counted]
    assert axes.get_xlim() == (0, 6)


def test_hazards_show_each_period_with_its_interval(patients: pd.DataFrame) -> None:
    found = hazard_over_time(patients, by="er", bounds=[0, 2, 4, 8], split=4)
    one, two = hazards({"first": found, "second": found}, label="as given")
    assert [axes.get_title(loc="left") for axes in (one, two)] == ["first", "second"]
    for container, (_, own) in zip(one.containers, found.periods.groupby("group"), strict=True):
        np.testing.assert_allclose(np.asarray(container.lines[0].get_ydata(), dtype=float), 100 * own["rate"])
        (bars,) = container.lines[2]
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, 100 * own[["lower", "upper"]])


def test_a_ratio_that_changes_with_time_is_an_open_point(patients: pd.DataFrame) -> None:
    table = cox(patients, covariates=["er"]).ratios
    rows = pd.concat([table.assign(what=name, proportional=name == "steady") for name in ("steady", "changing")])
    axes = hazard_ratios(rows, label="as given")
    faces = [container.lines[0].get_markerfacecolor() for container in axes.containers]
    assert faces[1] == "white" != faces[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["steady", "changing"]
