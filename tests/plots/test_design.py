"""The figures of a design by their data and labels, not by their pixels."""

import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.enrichment._design import best_dose, design, power_curves
from fxyd3.plots._design import design_power, dose_placement, wrong_guess

LABEL = "Calculated, no data"


def texts(axes: Axes) -> list[str]:
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    return [text.get_text() for text in axes.texts]


def overlap(axes: Axes) -> bool:
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    return any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_power_names_its_lines_and_the_wells_to_take() -> None:
    study = design(frequency=1 / 133, fold=4)
    table = power_curves(study, folds=[1.5, 2, 3, 5, 6])
    axes = design_power(table, wanted=0.8, planned=24, label=LABEL)
    said = texts(axes)
    assert [f"{fold:g}-fold" for fold in (1.5, 2, 3, 5, 6)] == [text for text in said if text.endswith("-fold")]
    assert {"wanted: 80%", "planned: 24"} < set(said)
    for fold, curve in table.groupby("fold"):
        enough = curve.loc[curve["power"] >= 0.8, "wells"]
        assert (str(enough.min()) in said) == bool(len(enough)), fold
    assert not overlap(axes)


def test_the_lines_of_power_are_the_table() -> None:
    table = pd.DataFrame({"fold": [2.0] * 3, "wells": [1, 2, 4], "power": [0.1, 0.2, 0.4]})
    axes = design_power(table, wanted=0.9, label=LABEL)
    assert axes.lines[0].get_xydata().tolist() == [[1, 0.1], [2, 0.2], [4, 0.4]]
    assert len(axes.lines) == 2  # the curve and what is wanted; no mark, as it is not reached


@pytest.mark.parametrize("fold", [1.2, 4.0, 0.25])
def test_placement_shows_the_best_dose_of_each_group_and_the_chosen_ones(fold: float) -> None:
    study = design(frequency=1 / 133, fold=fold)
    axes = dose_placement(study.placement, doses=study.doses, label=LABEL)
    said = texts(axes)
    assert said == [f"unsorted\nbest: {best_dose(1 / 133):.3g}", f"sorted\nbest: {best_dose(fold / 133):.3g}"]
    assert not overlap(axes)
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [line.get_xdata().tolist() for line in marks] == [list(study.doses)] * 2
    assert max(max(line.get_ydata()) for line in axes.lines) <= 1


def test_a_wrong_guess_is_drawn_for_the_series_and_for_one_dose() -> None:
    study = design(frequency=1 / 133, fold=4)
    axes = wrong_guess(study.wrong_guess, label=LABEL)
    assert texts(axes) == ["as planned", "one dose"]
    assert axes.get_ylim()[1] > max(axes.lines[0].get_ydata())  # the planned doses stay in sight
    assert axes.get_xlim() == (0.1, 10)
