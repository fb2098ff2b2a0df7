"""The figures of killing by their data and labels, not by their pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import time_kill
from fxyd3.plots._killing import kill_curve, kill_profile, tolerant_share
from fxyd3.tolerance import fit_kill, kill_curves, share_profile

LABEL = "Simulated data (twin)"


@pytest.fixture
def table() -> pd.DataFrame:
    return time_kill(seed=1).table


def labelled(axes: plt.Axes) -> dict[str, np.ndarray]:
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in axes.lines}


def test_the_curve_shows_the_counts_those_below_the_limit_and_when_most_cells_are_killed(table: pd.DataFrame) -> None:
    arm = table[table["drug"] == "on"].assign(viable=lambda t: t["viable"].where(t["hours"] < 200, 0))
    one = arm[arm["experiment"] == "E1"]
    found = kill_curves(arm)
    axes = kill_curve(found, label=LABEL)
    drawn = labelled(axes)
    seen = one[one["viable"] > 0]
    np.testing.assert_allclose(drawn["E1, fitted"], seen[["hours", "viable"]])
    below = [line for line in axes.lines if line.get_marker() == "v"]
    assert [len(line.get_xdata()) for line in below] == [1] * 4
    assert {float(y) for line in below for y in line.get_ydata()} == {1.0}
    for model, name in (("exponential", "one slope"), ("biphasic", "two slopes")):
        np.testing.assert_allclose(drawn[name][:, 1], found.fits["E1"][model].predict(drawn[name][:, 0]))
    told = next(text.get_text() for text in axes.texts if "killed" in text.get_text())
    assert f"{found.per_experiment['mdk99'][0]:.0f} h" in told


def test_the_profile_is_drawn_with_the_line_that_ends_the_interval(table: pd.DataFrame) -> None:
    one = table[(table["drug"] == "on") & (table["experiment"] == "E1")]
    profile = share_profile(fit_kill(one["hours"], one["viable"]))
    axes = kill_profile(profile, profile.assign(drop=0.0), label=LABEL, told="cut short")
    drawn = labelled(axes)
    np.testing.assert_allclose(drawn["all times"], profile[["share", "drop"]])
    assert "cut short" in drawn
    assert axes.get_xscale() == "logit"


def test_shares_of_the_marker_are_those_read_and_their_means(table: pd.DataFrame) -> None:
    drawn = labelled(tolerant_share(table, label=LABEL))
    arm = table[(table["cells"] == "tolerant-sorted") & (table["counted"] > 0)]
    hours = sorted(arm["hours"].unique())
    line = drawn["tolerant-sorted, without the drug"]
    assert list(line[:, 0]) == hours
    for at, value in line:
        own = arm[arm["hours"] == at]
        assert value == pytest.approx((100 * own["tolerant_counted"] / own["counted"]).mean())
    assert "unsorted, with the drug" in drawn
