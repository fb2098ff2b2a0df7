"""The figures that explain: what they say is what is drawn."""

import numpy as np
from matplotlib.colors import to_hex

from fxyd3.background import clinical_numbers
from fxyd3.plots import outcomes, persister_idea, stem_cell_idea
from fxyd3.plots._background import STEM


def alive(axes: object) -> int:
    return sum(patch.get_facecolor()[3] > 0 for patch in axes.patches)


def stem(axes: object) -> int:
    return sum(to_hex(patch.get_facecolor()) == STEM.lower() for patch in axes.patches if patch.get_facecolor()[3])


def test_the_tumour_comes_back_only_where_stem_cells_survive() -> None:
    before, after, later, before_too, after_too, never = stem_cell_idea()
    assert alive(before) == alive(later) == alive(before_too) == 60
    assert stem(before) == stem(after) == stem(later) == 3
    assert stem(after_too) == 0 < alive(after_too)
    assert alive(never) == 0
    assert before.figure.get_supxlabel() == "An idea, drawn; no data"


def test_persisters_die_again_as_they_did_and_resistant_cells_do_not() -> None:
    axes = persister_idea()
    days, living = axes.lines[0].get_data()
    resistant = axes.lines[1].get_ydata()

    def left(values: np.ndarray, start: float) -> float:
        return values[np.searchsorted(days, start + 9.9)] / values[np.searchsorted(days, start)]

    assert left(living, 0) < 0.01
    assert 0.5 < left(living, 0) / left(living, 26) < 2
    assert left(resistant, 26) > 1
    assert axes.figure.get_supxlabel() == "Arithmetic, no data"


def test_outcomes_are_the_published_shares_and_residual_disease_is_open() -> None:
    numbers = clinical_numbers()
    rows = numbers[numbers["quantity"].str.contains("free at")]
    axes = outcomes(rows, label="Published numbers")
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [float(line.get_xdata()[0]) for line in points] == [float(value) for value in rows["value"]]
    opened = [line.get_markerfacecolor() == "white" for line in points]
    assert opened == rows["group"].str.contains("residual").tolist()
