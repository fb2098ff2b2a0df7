"""The chapters run: as committed (strictly compared), with other parameters, and with a broken input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import papermill
import pytest

from fxyd3.data.simulate import dosing_order, lineage_barcodes, time_kill, two_drugs, viability_plates
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


@pytest.mark.parametrize(
    "page", ["01-background", "02-enrichment", "03-cells", "04-tolerance", "05-rescue", "reference/twin"]
)
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


def rescue(root: Path, out: Path, **given: object) -> dict[str, dict[str, Any]]:
    """Run the chapter on glycoside rescue; returns the evidence by claim."""
    book = papermill.execute_notebook(
        root / "chapters" / "05-rescue.ipynb", out.with_suffix(".ipynb"),
        parameters=given | {"out": str(out), "resamples": 20}, progress_bar=False,
    )  # fmt: skip
    assert all(cell.execution_count for cell in book.cells if cell.cell_type == "code" and cell.source.strip())
    return {path.stem: json.loads(path.read_text()) for path in (out / "evidence").iterdir()}


def test_rescue_where_nothing_was_planted(root: Path, tmp_path: Path) -> None:
    """What the answer to the last exercise says."""
    found = rescue(root, tmp_path / "run", data="twin:tiny:null")
    assert {name: record["verdict"] for name, record in found.items()} == {"C6": "contradicted", "C7": "contradicted"}


def test_rescue_of_own_two_drug_table_alone(root: Path, tmp_path: Path) -> None:
    """Other names of cells, a glycoside in ng/mL, three experiments, no plates and no orders: claims are judged."""
    table = two_drugs(seed=2, experiments=3).table
    table["cells"] = table["cells"].map({"FXYD3-high": "sorted", "FXYD3-low": "rest"})
    table = table.assign(digoxin=table["glycoside_nM"] / 1.28, glycoside="digoxin").drop(
        columns=["glycoside_nM", "plate"]
    )
    table.rename(columns={"digoxin": "glycoside_ng_mL"}).to_csv(tmp_path / "pairs.csv", index=False)
    given = {"data": "none", "combination": str(tmp_path / "pairs.csv"), "high": "sorted", "low": "rest"}
    found = rescue(root, tmp_path / "run", **given)
    assert found["C7"]["verdict"] == "supported"
    assert {record["n"] for record in found.values()} == {3}
    assert not any(record["context"]["simulated"] for record in found.values())


def test_rescue_of_raw_plates_with_a_layout_alone(root: Path, tmp_path: Path) -> None:
    """A folder as a reader left it, one drug, no start of treatment: curves are drawn, claims wait."""
    plates = viability_plates(seed=2, plates=2).table
    folder = tmp_path / "plates"
    folder.mkdir()
    for name, own in plates[plates["plate"].str.startswith("chemo")].groupby("plate"):
        grid = own.pivot_table(index="row", columns="column", values="luminescence")
        grid.rename_axis(index=None, columns=None).to_csv(folder / f"{name}.csv")
    (tmp_path / "layout.csv").write_text(
        "wells,role,cells,drug,top_dose,unit,dilution\nA1:H1,blank,,,,,\n"
        "A2:D10,drug,A,dox,100,uM,3\nE2:H10,drug,B,dox,100,uM,3\nA11:D12,control,A,,,,\nE11:H12,control,B,,,,\n"
    )
    given = {
        "data": "none",
        "plates": str(folder),
        "layout": str(tmp_path / "layout.csv"),
        "tolerant": "A",
        "other": "B",
    }
    found = rescue(root, tmp_path / "run", **given)
    assert {record["verdict"] for record in found.values()} == {"not testable"}


def test_rescue_of_few_and_odd_tables(root: Path, tmp_path: Path) -> None:
    """One experiment of one kind of cells, a tidy table without places, and orders of two experiments."""
    pairs = two_drugs(seed=2, experiments=1, replicates=1).table
    pairs[pairs["cells"] == "FXYD3-high"].to_csv(tmp_path / "pairs.csv", index=False)
    plates = viability_plates(seed=2, plates=1).table
    plates = plates[plates["role"].isin(["drug", "control"]) & (plates["drug"] != "glycoside")]
    plates[["plate", "cells", "drug", "dose_nM", "luminescence"]].to_csv(tmp_path / "plates.csv", index=False)
    orders = dosing_order(seed=2, experiments=2).table
    orders[~orders["arm"].str.contains("then")].to_csv(tmp_path / "orders.csv", index=False)
    given = {name: str(tmp_path / f"{file}.csv")
             for name, file in (("combination", "pairs"), ("plates", "plates"), ("orders", "orders"))}  # fmt: skip
    found = rescue(root, tmp_path / "run", data="none", **given)
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
        ({"data": "none", "plates": "nowhere.csv"}, "nowhere.csv"),
        ({"data": "none", "layout": "layout.csv", "plates": ""}, "name them with plates"),
    ],
)
def test_a_broken_input_stops_with_one_sentence(
    root: Path, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    pages = {"wells": "02-enrichment", "control": "02-enrichment", "kill": "04-tolerance", "plates": "05-rescue"}
    page = next((page for name, page in pages.items() if name in given), "03-cells")
    with pytest.raises(papermill.PapermillExecutionError) as stopped:
        papermill.execute_notebook(
            root / "chapters" / f"{page}.ipynb", tmp_path / "done.ipynb", progress_bar=False,
            parameters=given | {"out": str(tmp_path / "run")},
        )  # fmt: skip
    assert stopped.value.ename in INPUT_ERRORS
    assert message in stopped.value.evalue
    assert "\n" not in stopped.value.evalue.strip()
    assert not list(tmp_path.glob("run/stages/*"))
