"""The parameters of a run are a contract: checked before any kernel starts, and the same in notebook and package."""

import ast
import contextlib
import re

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fxyd3.data.assays import ASSAYS
from fxyd3.errors import InputError
from fxyd3.rerun.chapters import CHAPTERS
from fxyd3.rerun.parameters import CellsParameters, RunParameters, StudyParameters, validate

LINE = re.compile(r"^(?P<name>\w+): (?P<type>\w+) = (?P<default>.+?)  # (?P<help>.+)$")


def test_defaults_are_valid_and_name_the_twin() -> None:
    assert validate(RunParameters, {}).data == "twin"


def test_own_tables_alone_bring_no_cells_and_cells_are_never_mixed_in_silently() -> None:
    assert validate(RunParameters, {"wells": "mine.csv"}).without_cells
    assert validate(RunParameters, {"flow": "sort"}).without_cells
    assert validate(RunParameters, {"wells": "mine.csv", "data": "twin"}).data == "twin"
    assert not validate(RunParameters, {"wells": ""}).without_cells
    assert validate(RunParameters, {"wells": "a.csv", "flow": "b"}).tables() == {
        "limiting_dilution": "a.csv", "cell_sort": "b",
    }  # fmt: skip


def test_every_kind_of_table_has_its_parameter() -> None:
    for kind in ASSAYS.values():
        assert RunParameters.model_fields[kind.parameter].default == ""


def test_a_run_takes_the_parameters_of_every_chapter() -> None:
    for chapter in CHAPTERS.values():
        assert issubclass(RunParameters, chapter.parameters) or chapter.parameters.model_fields.keys() == (
            StudyParameters.model_fields.keys()
        )


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("min_gene", "min_genes"), ("slect", "select"), ("core", "cores"), ("well", "wells")]
)
def test_an_unknown_name_gets_the_nearest_valid_one(wrong: str, nearest: str) -> None:
    with pytest.raises(InputError, match=rf"'{wrong}'.*did you mean '{nearest}'"):
        validate(RunParameters, {wrong: 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "abc"), ("seed", -1), ("seed", 1.5), ("min_genes", "200"), ("cores", 0), ("data", " "), ("data", 3),
     ("enriched", "yes"), ("control", "fmo-NRP1"), ("gate_quantile", 0.4), ("confidence", 1.0), ("stem_signature", "")],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"^Parameter '{name}'") as caught:
        validate(RunParameters, {name: value}, where="mine.yml")
    assert "mine.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.dictionaries(st.text(max_size=12), st.one_of(st.none(), st.integers(), st.floats(), st.text()), max_size=3))
def test_any_values_are_either_valid_or_refused_in_one_sentence(values: dict[str, object]) -> None:
    if values.keys() - CellsParameters.model_fields.keys():
        with pytest.raises(InputError, match=r"(?i)parameter"):
            validate(CellsParameters, values)
    else:
        with contextlib.suppress(InputError):
            validate(CellsParameters, values)


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=lambda c: c.page)
def test_the_notebook_lists_the_same_parameters_as_the_package(chapter: object) -> None:
    book = nbformat.read(chapter.notebook, as_version=4)  # type: ignore[attr-defined]
    at = {tag: [i for i, c in enumerate(book.cells) if tag in c.metadata.get("tags", [])]
          for tag in ("annotations", "parameters")}  # fmt: skip
    assert len(at["parameters"]) == 1, "papermill writes what is given after this one cell"
    assert at["annotations"] in ([], [at["parameters"][0] - 1]), "what is given must come after it too"
    source = [line for i in (*at["annotations"], *at["parameters"]) for line in book.cells[i].source.splitlines()]
    lines = [LINE.match(line) for line in source]
    assert all(lines), "every line is `name: type = default  # help`"
    told = [(m["name"], m["type"], ast.literal_eval(m["default"]), m["help"]) for m in lines if m]
    fields = chapter.parameters.model_fields  # type: ignore[attr-defined]
    assert told == [(name, f.annotation.__name__, f.default, f.description) for name, f in fields.items()]
