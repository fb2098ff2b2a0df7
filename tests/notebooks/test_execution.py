"""The chapters run: as committed (strictly compared), with other parameters, and with a broken input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import papermill
import pytest

from fxyd3.data.simulate import lineage_barcodes, time_kill
from fxyd3.rerun.step import INPUT_ERRORS

pytestmark = pytest.mark.slow


def validate(notebook: Path, out: Path, root: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout=600", "-q", "-p", "no:cacheprovider",
               "-o", "addopts=", "-o", "filterwarnings=", str(notebook)]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "FXYD3_OUT"} | {"FXYD3_OUT": str(out)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run folder for the pages, so that a chapter finds what one before it left."""
    return tmp_path_factory.mktemp("pages")


@pytest.mark.parametrize("page", ["02-enrichment", "03-cells", "04-tolerance", "05-rescue", "reference/twin"])
def test_the_committed_page_gives_the_same_numbers_again(page: str, root: Path, folder: Path) -> None:
    """Opened by itself, every cell executed and compared; what it needs of another chapter is there or is made."""
    done = validate(root / "chapters" / f"{page}.ipynb", folder, root)
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_committed_scorecard_reads_the_published_run(root: Path, published: Path) -> None:
    done = validate(root / "chapters" / "06-scorecard.ipynb", published, root)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.real
@pytest.mark.parametrize("page", ["clonogenic", "persisters", "doxorubicin"])
def test_the_gallery_gives_the_same_numbers_again(root: Path, real_data: Path, tmp_path: Path, page: str) -> None:
    done = validate(root / "chapters" / "gallery" / f"{page}.ipynb", tmp_path, root)
    assert done.returncode == 0, done.stdout[-6000:]


def enrichment(root: Path, out: Path, **given: object) -> dict[str, str]:
    """Run the enrichment chapter; returns the verdicts by claim."""
    book = papermill.execute_notebook(
        root / "chapters" / "02-enrichment.ipynb", out.with_suffix(".ipynb"), parameters=given | {"out": str(out)},
        progress_bar=False,
    )  # fmt: skip
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code" and cell.source.strip())
    return {path.stem: json.loads(path.read_text())["verdict"] for path in (out / "evidence").iterdir()}


def test_enrichment_with_other_parameters(root: Path, tmp_path: Path) -> None:
    given = {"data": "twin:tiny", "seed": 5, "control": "fmo", "gate_quantile": 0.995, "confidence": 0.9}
    assert enrichment(root, tmp_path / "run", **given) == {"C1": "supported"}


def test_enrichment_where_nothing_was_planted(root: Path, tmp_path: Path) -> None:
    """What the answer to the last exercise says."""
    assert enrichment(root, tmp_path / "run", data="twin:tiny:null") == {"C1": "contradicted"}


def test_enrichment_of_own_wells_alone(root: Path, tmp_path: Path) -> None:
    """A table as the ELDA web tool takes it: one experiment, no cells, no FCS files."""
    rows = "dose,tested,response,group\n" + "".join(
        f"{dose},24,{positive},{group}\n"
        for group, wells in (("unsorted", (2, 6, 9)), ("NRP1-high", (9, 15, 21)))
        for dose, positive in zip((50, 100, 200), wells, strict=True)
    )
    (tmp_path / "mine.csv").write_text(rows)
    found = enrichment(root, tmp_path / "run", data="none", wells=str(tmp_path / "mine.csv"))
    assert found == {"C1": "not testable"}
    record = json.loads((tmp_path / "run" / "evidence" / "C1.json").read_text())
    assert record["context"]["simulated"] is False
    assert "no column 'experiment'" in record["sentence"]


def test_other_parameters(root: Path, tmp_path: Path) -> None:
    """Of chapter 3, then of chapter 4, which reads its groups."""
    out = tmp_path / "run"
    given = {"data": "twin:tiny", "out": str(out), "seed": 5}
    chapters = {
        "03-cells": {"n_comps": 10, "resolution": 0.5},
        "04-tolerance": {"detection": 3, "min_cells": 5, "named_genes": "FXYD3, NOT1GENE"},
    }
    for page, more in chapters.items():
        book = papermill.execute_notebook(
            root / "chapters" / f"{page}.ipynb", tmp_path / "done.ipynb", parameters=given | more, progress_bar=False
        )
        assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code" and cell.source.strip())
    assert (out / "stages" / "cells.h5ad").is_file()
    assert {path.stem for path in (out / "evidence").iterdir()} == {"C2", "C3", "C4", "C5", "C8"}
    assert json.loads((out / "evidence" / "C8.json").read_text())["n"] > 0


def test_where_nothing_was_planted_nothing_is_supported(root: Path, tmp_path: Path) -> None:
    """What the answers to the exercises of both chapters say; the second reads the groups of the first."""
    given = {"data": "twin:2000:null", "out": str(tmp_path / "run")}
    for page in ("03-cells", "04-tolerance"):
        papermill.execute_notebook(
            root / "chapters" / f"{page}.ipynb", tmp_path / "done.ipynb", parameters=given, progress_bar=False
        )
    found = {path.stem: json.loads(path.read_text())["verdict"] for path in (tmp_path / "run" / "evidence").iterdir()}
    assert found.pop("C8") in {"contradicted", "inconclusive"}
    assert found == {"C2": "contradicted", "C3": "not testable", "C4": "not testable", "C5": "not testable"}


def tolerance(root: Path, out: Path, **given: object) -> dict[str, dict[str, Any]]:
    """Run the chapter on tolerance; returns the evidence by claim."""
    book = papermill.execute_notebook(
        root / "chapters" / "04-tolerance.ipynb", out.with_suffix(".ipynb"), parameters=given | {"out": str(out)},
        progress_bar=False,
    )  # fmt: skip
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code" and cell.source.strip())
    return {path.stem: json.loads(path.read_text()) for path in (out / "evidence").iterdir()}


def test_tolerance_of_own_tables_alone(root: Path, tmp_path: Path) -> None:
    """One experiment of killing, barcodes without states, and no cells: all that can be had, and claims wait."""
    kill = time_kill(seed=2).table
    kill = kill[kill["experiment"] == "E1"].drop(columns=["experiment", "counted", "tolerant_counted"])
    kill.to_csv(tmp_path / "kill.csv", index=False)
    barcodes = lineage_barcodes(seed=2).table.drop(columns=["state", "truth_founder"])
    barcodes.to_csv(tmp_path / "barcodes.tsv", index=False, sep="\t")
    given = {"data": "none", "kill": str(tmp_path / "kill.csv"), "barcodes": str(tmp_path / "barcodes.tsv")}
    found = tolerance(root, tmp_path / "run", **given)
    assert {name: record["verdict"] for name, record in found.items()} == {"C4": "not testable", "C8": "not testable"}


@pytest.mark.real
def test_tolerance_with_tables_of_other_models_alone(root: Path, real_data: Path, tmp_path: Path) -> None:
    tables = real_data / "dhimolea2021_persister_deseq.csv.gz"
    found = tolerance(root, tmp_path / "run", data="none", contrasts=str(tables))
    assert {record["verdict"] for record in found.values()} == {"not testable"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min_gene": 3}, "did you mean 'min_genes'"),
        ({"max_mito": 140.0}, "Parameter 'max_mito' is 140"),
        ({"data": "nowhere.h5ad"}, "nowhere.h5ad"),
        ({"data": "twin:tiny", "patient": "patients"}, "'patient'"),
        ({"data": "none", "wells": "nowhere.csv"}, "nowhere.csv"),
        ({"data": "twin:tiny", "control": "unstained"}, "must be isotype or fmo"),
        ({"data": "none", "kill": "nowhere.csv"}, "nowhere.csv"),
        ({"data": "none", "kill": "", "detection": 0}, "Parameter 'detection' is 0"),
    ],
)
def test_a_broken_input_stops_with_one_sentence(
    root: Path, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    page = "02-enrichment" if given.keys() & {"wells", "control"} else "04-tolerance" if "kill" in given else "03-cells"
    with pytest.raises(papermill.PapermillExecutionError) as stopped:
        papermill.execute_notebook(
            root / "chapters" / f"{page}.ipynb", tmp_path / "done.ipynb", progress_bar=False,
            parameters=given | {"out": str(tmp_path / "run")},
        )  # fmt: skip
    assert stopped.value.ename in INPUT_ERRORS
    assert message in stopped.value.evalue
    assert "\n" not in stopped.value.evalue.strip()
    assert not list(tmp_path.glob("run/stages/*"))
