"""Figures are kept as files, with the numbers that they show."""

import base64
import hashlib
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from fxyd3.rerun.figures import MANY, figure_data

NOTEBOOK = """
import sys
import matplotlib.pyplot as plt
from fxyd3.rerun import keep_figures
keep_figures({folder!r})
---
figure, axes = plt.subplots()
axes.scatter(range({n}), range({n}), label="cells")
axes.set_title("all")
"""


@pytest.fixture(autouse=True)
def drawn() -> Figure:
    mpl.use("agg")
    plt.close("all")
    figure, (left, right) = plt.subplots(1, 2)
    left.set(title="growth", xlabel="hours", ylabel="cells")
    left.errorbar([0, 24], [1, 4], yerr=[[0.5, 1], [0.5, 2]], label="no drug")
    left.axhline(1, ls=":")
    left.fill_between([0, 24], [0.5, 3], [1.5, 6], label="interval")
    left.scatter([1, 2], [3, 4], c=[0.1, 0.9], label="wells")
    right.barh([0, 1], [0.05, 0.3], height=0.7, label="share")
    right.set_yticks([0, 1], ["before\ntherapy", "after"])
    right.imshow([[1.0, 2.0], [3.0, 4.0]])
    right.text(1, 0, "two")
    return figure


def rows(figure: Figure, **wanted: object) -> pd.DataFrame:
    table = figure_data(figure)
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table


def test_what_was_drawn_is_told_with_its_axes(drawn: Figure) -> None:
    line = rows(drawn, panel="growth", kind="line", series="")
    assert {(0.0, 1.0), (24.0, 4.0)} <= set(zip(line["x"], line["y"], strict=True))
    assert set(line["x_label"]) == {"hours"}
    assert not ((line["y"] == 1) & (line["x"] == 1)).any(), "a line across the axes is no data"
    ends = rows(drawn, panel="growth", kind="segments")
    assert set(ends["y"]) == {0.5, 1.5, 3.0, 6.0}


def test_colour_by_number_bars_and_fields_keep_their_values(drawn: Figure) -> None:
    assert list(rows(drawn, series="wells")["value"]) == [0.1, 0.9]
    bars = rows(drawn, kind="bars")
    assert bars["value"].tolist() == pytest.approx([0.05, 0.3]), "the length, also where the bar is thicker than long"
    assert list(bars["y_name"]) == ["before therapy", "after"]
    field = rows(drawn, kind="image")
    assert field.set_index(["y", "x"])["value"].to_dict() == {(0, 0): 1.0, (0, 1): 2.0, (1, 0): 3.0, (1, 1): 4.0}


def test_numbers_written_into_a_map_are_kept(drawn: Figure) -> None:
    (words,) = rows(drawn, kind="text").to_dict("records")
    assert (words["series"], words["x"], words["y_name"]) == ("two", 1, "before therapy")


@pytest.mark.parametrize("shading", ["flat", "gouraud"])
def test_a_mesh_has_a_row_for_each_field(shading: str) -> None:
    figure, axes = plt.subplots()
    values = np.arange(6.0).reshape(2, 3)
    axes.pcolormesh(*((range(4), range(3)) if shading == "flat" else (range(3), range(2))), values, shading=shading)
    table = figure_data(figure)
    assert list(table["value"]) == [0, 1, 2, 3, 4, 5]
    assert set(table["x"]) == ({0.5, 1.5, 2.5} if shading == "flat" else {0, 1, 2})


def test_an_empty_figure_has_no_rows() -> None:
    assert figure_data(plt.figure()).empty


@pytest.mark.parametrize("n", [3, MANY + 1])
def test_a_notebook_keeps_its_figures_under_the_hash_of_the_picture(n: int, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    folder = tmp_path / "figures"
    first, second = NOTEBOOK.format(folder=str(folder), n=n).split("---")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(part.strip()) for part in (first, second)])
    NotebookClient(book, timeout=60, kernel_name="python3").execute()
    (shown,) = (o for o in book.cells[1].outputs if o.output_type == "display_data")
    name = hashlib.sha256(base64.b64decode(shown.data["image/png"])).hexdigest()
    assert {path.name for path in folder.iterdir()} == {f"{name}.svg", f"{name}.csv"}
    table = pd.read_csv(folder / f"{name}.csv")
    assert len(table) == n
    svg = (folder / f"{name}.svg").read_text()
    assert ">all<" in svg, "words stay words"
    assert ("<image" in svg) is (n > MANY), "many points become one picture"
    assert len(svg) < 400_000


def test_outside_a_notebook_nothing_happens(tmp_path: Path) -> None:
    from fxyd3.rerun import keep_figures

    keep_figures(tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
