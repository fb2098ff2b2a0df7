"""The figures of plates by their data and labels, not by their pixels."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from fxyd3.data.simulate import viability_plates
from fxyd3.errors import InputError
from fxyd3.plots._plate import edge_effect, plate_map, plate_quality
from fxyd3.rescue._quality import Normalised, normalise, quality

LABEL = "Simulated data (twin)"
WIDTHS = (3.9, 6.4)


@pytest.fixture(scope="module")
def twin() -> Normalised:
    return normalise(viability_plates(seed=1, plates=2).table)


def _within(axes: Axes, text: Text) -> bool:
    """Whether a tick lies on the drawn part of its axis; matplotlib keeps others, unseen."""
    x, y = text.get_position()
    (left, right), (low, high) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    return left <= x <= right if y in (0, 1) else low <= y <= high


def check(axes: Axes) -> None:
    """All text lies on the figure, and its label is drawn."""
    figure = axes.figure
    figure.canvas.draw()
    assert LABEL in [text.get_text() for text in figure.texts]
    width, height = figure.canvas.get_width_height()
    legend = axes.get_legend()
    ticks = (*axes.xaxis.get_major_ticks(), *axes.yaxis.get_major_ticks())
    seen = [text for tick in ticks for text in (tick.label1, tick.label2) if text.get_visible()]
    seen = [text for text in seen if _within(axes, text)]
    for text in [*figure.texts, *axes.texts, *seen, axes.xaxis.label,
                 axes.yaxis.label, axes.title, *(legend.get_texts() if legend else [])]:  # fmt: skip
        if text.get_text():
            box = text.get_window_extent()
            assert min(box.x0, box.y0) >= -1, text.get_text()
            assert box.x1 <= width + 1, text.get_text()
            assert box.y1 <= height + 1, text.get_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_map_shows_each_well_in_its_place_and_its_role(twin: Normalised, width: float) -> None:
    axes = plate_map(twin.wells, label=LABEL, value="viability", plate="glycoside-2", width=width)
    own = twin.wells[twin.wells["plate"] == "glycoside-2"]
    drawn = axes.collections[0].get_array().filled(np.nan).reshape(8, 12)
    np.testing.assert_allclose(drawn.ravel(), 100 * own["viability"].to_numpy())
    assert axes.yaxis_inverted()
    circles = next(line for line in axes.lines if line.get_marker() == "o").get_xydata()
    assert set(map(tuple, circles)) == {(column, row) for column in (10, 11) for row in range(8)}
    assert [text.get_text() for text in axes.get_yticklabels()] == list("ABCDEFGH")
    assert axes.get_xticklabels()[0].get_text() == "1"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["control", "blank"]
    check(axes)


def test_raw_plates_and_missing_wells() -> None:
    table = viability_plates(seed=1, plates=1).table.astype({"luminescence": float})
    table.loc[5, "luminescence"] = np.nan
    axes = plate_map(table, label=LABEL)
    assert axes.get_title(loc="left") == "chemotherapy-1"
    assert sum(patch.get_hatch() == "////" for patch in axes.patches) == 1
    with pytest.raises(InputError, match="no plate 'chemotherapy-1' with a column 'viability'"):
        plate_map(table, label=LABEL, value="viability")
    with pytest.raises(InputError, match="no plate 'x'"):
        plate_map(table, label=LABEL, plate="x")


def test_the_large_plate_stays_readable() -> None:
    rows = [(chr(65 + r), c + 1, "control" if c else "blank", 100.0 + c) for r in range(16) for c in range(24)]
    table = pd.DataFrame(rows, columns=["row", "column", "role", "reading"]).assign(plate="P")
    for width in WIDTHS:
        axes = plate_map(table, label=LABEL, width=width)
        check(axes)
        boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("width", WIDTHS)
def test_controls_stand_at_their_distance_from_the_rim(twin: Normalised, width: float) -> None:
    axes = edge_effect(twin, label=LABEL, width=width)
    bars = {
        tuple(np.round(line.get_xdata(), 6)): line.get_ydata()[0] for line in axes.lines if line.get_color() == "black"
    }
    assert len(bars) == 8  # four plates with controls, in the rim and inside
    rim = [height for (left, _), height in bars.items() if left < 0.45]
    control = twin.wells[twin.wells["role"] == "control"]
    inner = control[~control["rim"]].groupby(["plate", "cells"])["signal"].mean().rename("inner")
    outer = control[control["rim"]].join(inner, on=["plate", "cells"])
    expected = (outer["signal"] / outer["inner"] - 1).groupby(outer["plate"], sort=False).mean()
    np.testing.assert_allclose(rim, expected)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["rim", "1"]
    check(axes)


def test_nothing_to_see_is_told() -> None:
    table = viability_plates(seed=1, plates=1).table
    with pytest.raises(InputError, match="No plate has controls both"):
        edge_effect(normalise(table[(table["role"] != "control") | (table["column"] == 12)]), label=LABEL)


@pytest.mark.parametrize("width", WIDTHS)
def test_z_prime_stands_between_its_thresholds(twin: Normalised, width: float) -> None:
    table = quality(twin)
    table.loc[0, ["lower", "z_prime"]] = [-7.0, 0.4]
    table.loc[1, ["lower", "upper", "z_prime", "z_prime_robust"]] = np.nan
    axes = plate_quality(table, label=LABEL, width=width)
    filled = [line for line in axes.lines if line.get_markersize() == 7]
    np.testing.assert_allclose([line.get_xdata()[0] for line in filled], table["z_prime"])
    assert {line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"} == {0, 0.5}
    assert sum(line.get_marker() == "<" for line in axes.lines) == 1
    words = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert words == ["not usable", "marginal", "excellent"]
    check(axes)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
