"""The figures of two drugs together by their data and labels, not by their pixels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.data.simulate import two_drugs
from fxyd3.plots._rescue import ec50_falls, excess_map
from fxyd3.rescue._excess import bliss_excess
from fxyd3.rescue._fall import ec50_fall

LABEL = "Simulated data (twin)"
CLINICAL = {"digoxin": (0.64, 2.56), "digitoxin": (18.3, 34.0)}


@pytest.fixture(scope="module")
def twin() -> pd.DataFrame:
    return two_drugs(seed=1).table


def clear(axes: Axes) -> None:
    """No two texts on the axes overlap, and nothing is cut off."""
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert not any(one.overlaps(two) for i, one in enumerate(boxes) for two in boxes[:i])
    page = axes.figure.bbox
    for box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1


def test_the_map_tells_each_pair_and_marks_those_that_are_sure(twin: pd.DataFrame) -> None:
    found = bliss_excess(twin)
    axes = excess_map(found, label=LABEL, clinical=CLINICAL)
    clear(axes)
    cells = {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts[: len(found.per_pair)]}
    image = np.asarray(axes.images[0].get_array())
    across, up = sorted(found.per_pair["chemotherapy_nM"].unique()), sorted(found.per_pair["glycoside_nM"].unique())
    assert image.shape == (len(up), len(across))
    assert axes.images[0].origin == "lower"
    for pair in found.per_pair.to_dict("records"):
        x, y = across.index(pair["chemotherapy_nM"]), up.index(pair["glycoside_nM"])
        assert image[y, x] == pytest.approx(100 * pair["corrected"])
        assert ("▲" in cells[x, y]) == (pair["p_adjusted"] < 0.05)
        assert cells[x, y].rstrip("▲").replace("−", "-") == f"{100 * pair['corrected']:+.0f}"
    assert "FXYD3-high cells" in axes.figure.get_suptitle()


def test_clinical_ranges_stand_beside_the_doses_that_they_hold(twin: pd.DataFrame) -> None:
    axes = excess_map(bliss_excess(twin), label=LABEL, clinical={**CLINICAL, "endless": (1e-9, 1e9)})
    digoxin, digitoxin, endless = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    np.testing.assert_allclose(digoxin, [0, 1])
    np.testing.assert_allclose(digitoxin, 2 + np.log(np.array([18.3, 34]) / 10.24) / np.log(4))
    np.testing.assert_allclose(endless, [-0.5, 4.5])
    assert "digoxin\nin plasma,\n0.64–2.56 nM" in [text.get_text() for text in axes.texts]


def test_a_null_is_pale_and_antagonism_points_down(twin: pd.DataFrame) -> None:
    axes = excess_map(bliss_excess(twin, cells="FXYD3-low"), label=LABEL)
    assert axes.images[0].get_clim() == (-20, 20)
    hindered = twin.copy()
    hindered.loc[(twin[["chemotherapy_nM", "glycoside_nM"]] > 0).all(axis=1), "viability"] += 0.5
    axes = excess_map(bliss_excess(hindered, cells="FXYD3-low"), label=LABEL)
    assert all(text.get_text().startswith("−") and text.get_text().endswith("▼") for text in axes.texts)


def test_without_replicates_the_plain_excess_is_drawn_and_said_so() -> None:
    found = bliss_excess(two_drugs(seed=1, replicates=1).table)
    axes = excess_map(found, label=LABEL)
    image = np.asarray(axes.images[0].get_array())
    assert np.sort(image.ravel()) == pytest.approx(np.sort(100 * found.per_pair["excess"]))
    assert found.note in axes.figure.get_suptitle()
    assert "▲" not in "".join(text.get_text() for text in axes.texts)


def test_falls_are_drawn_for_both_kinds_with_experiments_and_clinical_ranges(twin: pd.DataFrame) -> None:
    found = ec50_fall(twin)
    axes = ec50_falls(found, label=LABEL, clinical=CLINICAL)
    clear(axes)
    thin = [
        np.asarray(line.get_ydata())
        for line in axes.lines
        if line.get_linewidth() == 0.8 and len(line.get_ydata()) == 5
    ]
    assert len(thin) == 8
    first = found.curves[(found.curves["cells"] == "FXYD3-high") & (found.curves["experiment"] == "E1")]
    np.testing.assert_allclose(thin[0], first["fall"].to_numpy()[1:])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "FXYD3-high cells (4 experiments)", "FXYD3-low cells (4 experiments)"]  # fmt: skip
    for bars, name in zip(axes.containers, ("FXYD3-high", "FXYD3-low"), strict=True):
        own = found.by_dose[found.by_dose["cells"] == name]
        np.testing.assert_allclose(np.asarray(bars.lines[0].get_ydata(), dtype=float), own["fall"])
        ends = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends.astype(float), own[["lower", "upper"]])
    styles = {bars.lines[0].get_marker() + bars.lines[0].get_linestyle() for bars in axes.containers}
    assert len(styles) == 2  # told apart without colour
    box = legend.get_window_extent()
    assert not any(box.overlaps(text.get_window_extent()) for text in axes.texts)
    ticks = dict(zip(axes.get_yticks(), [text.get_text() for text in axes.get_yticklabels()], strict=True))
    assert (ticks[0], ticks[1], ticks[2]) == ("1", "2", "4")


def test_one_kind_of_cells_and_one_experiment_can_be_drawn(twin: pd.DataFrame) -> None:
    own = twin[(twin["cells"] == "FXYD3-low") & (twin["experiment"] == "E1")]
    axes = ec50_falls(ec50_fall(own), label=LABEL)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["FXYD3-low cells (1 experiment)"]
