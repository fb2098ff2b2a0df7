"""A chapter's view of a run."""

import os
from pathlib import Path

import pytest

from fxyd3.errors import InputError
from fxyd3.paths import runs_root
from fxyd3.rerun import view as module
from fxyd3.rerun.chapters import CHAPTERS
from fxyd3.rerun.parameters import CellsParameters
from fxyd3.rerun.view import Run, begin, run_folder, study_key


@pytest.fixture
def tiny(tmp_path: Path) -> Run:
    return Run(CHAPTERS["cells"], CellsParameters(data="twin:tiny", out=str(tmp_path / "run")))


def test_a_misspelt_parameter_in_the_notebook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_begun", set())
    with pytest.raises(InputError, match="did you mean 'seed'"):
        begin("cells", {"data": "twin", "sed": 3, "In": [], "Out": {}, "_x": 1, "open": open})


def test_variables_of_a_chapter_run_again_are_no_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_begun", set())
    begin("cells", {"data": "twin"})
    assert begin("cells", {"data": "twin", "later": 3}).parameters.data == "twin"


def test_an_unknown_chapter_is_refused() -> None:
    with pytest.raises(InputError, match="no chapter 'cell'"):
        begin("cell", {})


def test_the_folder_is_the_one_named_then_the_runners_then_the_datas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FXYD3_OUT", raising=False)
    assert run_folder(CellsParameters(data="x/my data.h5ad")) == runs_root() / "my-data.h5ad"
    monkeypatch.setenv("FXYD3_OUT", "/tmp/runner")
    assert run_folder(CellsParameters()) == Path("/tmp/runner").resolve()
    assert run_folder(CellsParameters(out="/tmp/mine")) == Path("/tmp/mine").resolve()


def test_the_study_is_made_once_and_read_again(tiny: Run) -> None:
    made = tiny.study()
    before = tiny.stage("study").stat().st_mtime_ns
    read = tiny.study()
    assert tiny.stage("study").stat().st_mtime_ns == before
    assert (made.X != read.X).nnz == 0
    assert list(made.obs_names) == list(read.obs_names)
    assert tiny.label == "Simulated data (twin)"


def test_the_key_changes_with_the_file_and_how_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("one")
    first = study_key(CellsParameters(data=str(file)))
    assert study_key(CellsParameters(data=str(file), min_genes=7)) == first, (
        "a chapter's own parameter is no part of it"
    )
    assert study_key(CellsParameters(data=str(file), select="x > 1")) != first
    file.write_text("another")
    os.utime(file, ns=(1, 1))
    assert study_key(CellsParameters(data=str(file))) != first
