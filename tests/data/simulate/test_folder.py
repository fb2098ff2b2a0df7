"""The simulated study as files: whole, readable by the programs that people use, and always called simulated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import flowio
import pandas as pd
import pytest

from fxyd3.data import load
from fxyd3.data.simulate import ASSAYS, twin, write_study
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fxyd3


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, 200, seed=3, effect={"C4": 0.5})
    return folder


def test_every_file_says_that_it_is_simulated(study: Path) -> None:
    files = list(study.iterdir())
    assert all("simulated" in file.name for file in files)
    assert not [file for file in files if file.name.startswith(".")]
    assert len([file for file in files if file.suffix == ".csv"]) == len(ASSAYS)


def test_tables_come_with_what_was_planted_in_them(study: Path) -> None:
    for table in study.glob("*.csv"):
        beside = json.loads(table.with_suffix(".json").read_text())
        assert len(pd.read_csv(table)) > 10
        assert beside["twin"]["simulated"] is True
        assert beside["twin"]["seed"] == 3
        assert beside["twin"]["effect"] == {"C4": 0.5}
        assert beside["truth"]


def test_the_sheet_of_the_sort_names_files_that_flowio_reads(study: Path) -> None:
    sheet = pd.read_csv(study / "sort-simulated.csv")
    for file in sheet["file"]:
        data = flowio.FlowData(study / file)
        assert data.version == "3.1"
        assert data.event_count > 0


def test_the_cells_are_the_twin_and_can_be_rerun(study: Path) -> None:
    path = study / "cells-simulated.h5ad"
    same = twin(200, seed=3, effect={"C4": 0.5})
    assert (ad.read_h5ad(path).X != same.X).nnz == 0
    adata, report = load(str(path))
    assert adata.uns["fxyd3"]["simulated"]
    assert report.n_cells == 200


def test_an_impossible_study_writes_nothing(tmp_path: Path) -> None:
    for wrong in ({"effect": {"C44": 1}}, {"patients": 90}, {"rates": {"dying": -1}}):
        with pytest.raises(InputError):
            write_study(tmp_path / "new", 200, **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_same_study(study: Path, fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("data", "twin", tmp_path / "here", "--size", 200, "--seed", 3, "--effect", "C4=0.5")
    assert done.returncode == 0, done.stderr
    assert "imulated" in done.stdout
    for file in study.iterdir():
        if file.suffix != ".h5ad":  # HDF5 files hold the time at which they were made
            assert (tmp_path / "here" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--size", "huge"], "'huge'"),
        (["--size", "12"], "200 to 1,000,000"),
        (["--effect", "C5"], "NAME=VALUE"),
        (["--effect", "C5=much"], "'much'"),
        (["--effect", "c5=1"], "did you mean C5"),
        (["--null", "--effect", "C5=1"], "leave out"),
    ],
)
def test_the_command_refuses_in_one_sentence(fxyd3: Fxyd3, tmp_path: Path, options: list[str], says: str) -> None:
    done = fxyd3("data", "twin", tmp_path / "here", *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "here").exists()
