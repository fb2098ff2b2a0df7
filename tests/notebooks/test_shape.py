"""Every chapter keeps the fixed shape: its parts, in order; short cells; executed; figures that say what they show."""

from pathlib import Path

import nbformat
import pytest

CHAPTERS = sorted((Path(__file__).parents[2] / "chapters").rglob("*.ipynb"))
RUN = [path for path in CHAPTERS if path.parent.name != "gallery"]  # the gallery is shown as it was executed
LESSONS = [path for path in RUN if path.stem not in ("06-scorecard", "twin")]
PARTS = [  # a heading that starts with one of these words, in this order
    "What you will be able to say",
    "Before you start",
    "What the paper says",
    "Parameters",
    "Checks",
    "Analysis",
    "Claims",
    "Key takeaways",
    "Exercises",
    "References",
    "Contributors",
]
IGNORED_OUTPUTS = {  # versions, interactive figures, and downloads that hold the time of the run
    "01-background": 1, "02-enrichment": 1, "03-cells": 2, "04-tolerance": 1, "05-rescue": 3, "06-scorecard": 2,
    "twin": 1,
    "clonogenic": 0, "persisters": 0, "doxorubicin": 0,
}  # fmt: skip


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def headings(book: nbformat.NotebookNode, mark: str) -> list[str]:
    lines = [line for cell in book.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    return [line.removeprefix(mark).strip() for line in lines if line.startswith(mark)]


@pytest.fixture(params=CHAPTERS, ids=lambda p: p.stem)
def chapter(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_are_chapters() -> None:
    assert {path.stem for path in CHAPTERS} == set(IGNORED_OUTPUTS)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_the_parts_stand_in_their_order(path: Path) -> None:
    found = headings(read(path), "## ")
    places = [next((i for i, h in enumerate(found) if h.startswith(part)), None) for part in PARTS]
    missing = [part for part, place in zip(PARTS, places, strict=True) if place is None]
    assert not missing
    assert places == sorted(places)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_exercises_have_folded_solutions(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    exercises, solutions = text.count("{exercise}"), text.count("{solution}") + text.count("{solution-start}")
    assert exercises >= 3
    assert exercises == solutions
    assert text.count(":class: dropdown") >= solutions


def test_one_title(chapter: Path) -> None:
    assert len(headings(read(chapter), "# ")) == 1


@pytest.mark.parametrize("path", RUN, ids=lambda p: p.stem)
def test_parameters_then_validator(path: Path) -> None:
    cells = code(read(path))
    tagged = [i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert "rerun.begin(" in cells[tagged[0] + 1].source


def test_all_cells_ran_in_order_without_errors(chapter: Path) -> None:
    cells = [cell for cell in code(read(chapter)) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {(output.output_type, output.get("name")) for cell in cells for output in cell.outputs}
    assert ("stream", "stderr") not in kinds
    assert not any(kind == "error" for kind, _ in kinds)


def test_cells_are_short_and_define_no_machinery(chapter: Path) -> None:
    for cell in code(read(chapter)):
        if "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 15, cell.source


def test_every_figure_has_alt_text_caption_and_name(chapter: Path) -> None:
    for cell in code(read(chapter)):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            about = cell.metadata.get("mystnb", {})
            assert len(about.get("image", {}).get("alt", "")) > 40, cell.source
            assert about.get("figure", {}).get("caption"), cell.source
            assert about.get("figure", {}).get("name"), cell.source
            assert all(len(output["data"]["image/png"]) * 3 / 4 < 300_000 for output in cell.outputs
                       if "image/png" in output.get("data", {}))  # fmt: skip


def test_outputs_left_out_of_the_comparison_are_counted(chapter: Path) -> None:
    ignored = [cell for cell in code(read(chapter)) if "nbval-ignore-output" in cell.metadata.get("tags", [])]
    assert len(ignored) == IGNORED_OUTPUTS[chapter.stem]


def test_small_and_without_paths_of_a_machine(chapter: Path) -> None:
    text = chapter.read_text()
    assert len(text) < 1_000_000
    assert not any(path in text for path in ("/home/", "/Users/", "/tmp/", "site-packages"))
