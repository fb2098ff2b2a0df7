"""The figures of two drugs by their data and labels, not by their pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.data.simulate import two_drugs
from fxyd3.errors import InputError
from fxyd3.plots._combination import models, surface
from fxyd3.rescue._combine import Combination, combine

LABEL = "Simulated data (twin)"


@pytest.fixture(scope="module")
def found() -> dict[str, Combination]:
    table = two_drugs(seed=1).table
    return {who: combine(own, models=["bliss", "hsa", "zip"], resamples=20) for who, own in table.groupby("cells")}


def numbers(axes: Axes) -> list[str]:
    """The numbers on the map, the first dose of the first drug in its rows."""
    x0, x1 = axes.get_xlim()
    inside = [text for text in axes.texts if x0 < text.get_position()[0] < x1]
    return [text.get_text() for text in sorted(inside, key=lambda text: text.get_position())]


def apart(axes: Axes) -> None:
    """No two texts of a figure lie over each other, and none leaves it."""
    figure = axes.figure
    figure.canvas.draw()
    texts = [text for each in figure.axes for text in (*each.texts, *each.get_yticklabels())]
    for each in figure.axes:
        low, high = each.get_xlim()
        texts += [tick for tick in each.get_xticklabels() if low <= tick.get_position()[0] <= high]
    boxes = [text.get_window_extent() for text in texts if text.get_text() and text.get_visible()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert figure.bbox.x0 - 1 <= box.x0
        assert box.x1 <= figure.bbox.x1 + 1


def test_the_map_says_what_was_measured_and_what_bliss_did_not_expect(found: dict[str, Combination]) -> None:
    high = found["FXYD3-high"]
    above, below = surface(high, label=LABEL, cells="FXYD3-high")
    assert [int(text) for text in numbers(above)] == np.rint(100 * high.response).astype(int).ravel().tolist()
    excess = 100 * high.models["bliss"].excess[1:, 1:]
    told = [int(text.replace("\N{MINUS SIGN}", "-")) for text in numbers(below)]
    assert told == np.rint(excess).astype(int).ravel().tolist()
    assert above.get_title(loc="left") == "FXYD3-high: alive (percent)"
    assert "Bliss" in below.get_title(loc="left")
    assert (below.get_xlabel(), below.get_ylabel()) == ("chemotherapy (nM)", "glycoside (nM)")
    assert [tick.get_text() for tick in above.get_yticklabels()] == ["0", "0.64", "2.56", "10.2", "41", "164"]
    assert [tick.get_text() for tick in below.get_yticklabels()] == ["0.64", "2.56", "10.2", "41", "164"]
    assert LABEL in [text.get_text() for text in above.figure.texts]
    assert not [line for line in above.lines if line.get_gid() == "clinical"]
    apart(above)


def test_colours_of_excess_are_centred_on_zero(found: dict[str, Combination]) -> None:
    for each in found.values():
        _, below = surface(each, label=LABEL)
        excess = each.models["bliss"].excess[1:, 1:]
        farthest = max(0.1, np.abs(excess).max())
        paint, cells = plt.get_cmap("PuOr_r"), iter(below.patches)
        for value in excess.T.ravel():
            assert next(cells).get_facecolor() == pytest.approx(paint((value / farthest + 1) / 2), abs=0.02)


@pytest.mark.parametrize(
    ("clinical", "ends"),
    [((0.64, 2.56), (1, 2)), ((2.56, 163.84), (2, 5)), ((1e-3, 1e3), (0.5, 5.5)), ((5.12, 20.48), (2.5, 3.5))],
)
def test_ranges_stand_beside_the_rows_that_they_hold(
    found: dict[str, Combination], clinical: tuple[float, float], ends: tuple[float, float]
) -> None:
    for axes in surface(found["FXYD3-low"], label=LABEL, clinical={"one": clinical, "two": (18, 34)}):
        one, two = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if line.get_gid() == "clinical")
        places = axes.get_yticks()[-5:]
        np.testing.assert_allclose(one, places[0] - 1 + np.array(ends))
        assert places[2] < two[0] < two[1] < places[3], "between two doses, at neither of them"
        told = [text.get_text() for text in axes.texts]
        assert f"one\nin plasma,\n{clinical[0]:.3g}–{clinical[1]:.3g} nM" in told


def test_digoxin_and_digitoxin_can_be_read_beside_each_other(found: dict[str, Combination]) -> None:
    for axes in surface(found["FXYD3-low"], label=LABEL, clinical={"digoxin": (0.64, 2.56), "digitoxin": (18.3, 34)}):
        apart(axes)


def test_a_model_that_was_not_fitted_is_told(found: dict[str, Combination]) -> None:
    with pytest.raises(InputError, match=r"no model 'loewe'.*bliss, hsa, zip"):
        surface(found["FXYD3-low"], label=LABEL, model="loewe")


def test_models_stand_below_each_other_with_interval_and_word(found: dict[str, Combination]) -> None:
    axes = models(found, label=LABEL)
    points = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    wide = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    told = [one for each in found.values() for one in each.models.values()]
    assert [float(point.get_xdata()[0]) for point in points] == pytest.approx([100 * one.estimate for one in told])
    assert [list(line.get_xdata()) for line in wide] == [
        pytest.approx([100 * one.interval.lower, 100 * one.interval.upper]) for one in told if one.interval
    ]
    assert [text.get_text() for text in axes.texts] == [one.call for one in told]
    assert [tick.get_text().split(":")[0] for tick in axes.get_yticklabels()] == ["Bliss", "HSA", "ZIP"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(found)
    assert len({point.get_marker() for point in points}) == 2
    apart(axes)


def test_without_an_interval_points_are_open() -> None:
    twin = two_drugs(seed=1, experiments=1, replicates=1).table
    one = combine(twin[twin["cells"] == "FXYD3-low"])
    axes = models({"FXYD3-low": one}, label=LABEL)
    points = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    assert {point.get_markerfacecolor() for point in points} == {"white"}
    assert {text.get_text() for text in axes.texts} == {"no interval"}
    assert axes.get_legend() is None
    apart(axes)


def test_columns_without_a_unit_keep_their_name(found: dict[str, Combination]) -> None:
    table = pd.DataFrame(
        [(a, b, 1 / (1 + a + b)) for a in range(5) for b in range(5)], columns=["drug_a", "drug_uM", "viability"]
    )
    _, below = surface(combine(table, first="drug_a", second="drug_uM", models=["bliss"]), label="mine")
    assert (below.get_xlabel(), below.get_ylabel()) == ("drug_a", "drug (uM)")
