"""A chapter's view of a run."""

import os
from pathlib import Path

import pytest

from fxyd3.claims import Evidence
from fxyd3.data.assays import ASSAYS
from fxyd3.data.simulate import limiting_dilution, time_kill
from fxyd3.errors import InputError
from fxyd3.files import write_json
from fxyd3.paths import runs_root
from fxyd3.rerun import view as module
from fxyd3.rerun.chapters import CHAPTERS, Chapter
from fxyd3.rerun.parameters import CellsParameters, EnrichmentParameters, StudyParameters, ToleranceParameters, validate
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


ENRICHMENT = Chapter("enrichment", "02-enrichment", EnrichmentParameters)


def opened(out: Path, **values: object) -> Run:
    return Run(ENRICHMENT, validate(EnrichmentParameters, {"out": str(out), **values}))


@pytest.fixture
def wells(tmp_path: Path) -> Path:
    limiting_dilution(seed=7).table.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


@pytest.mark.parametrize("name", ASSAYS)
def test_the_twins_tables_are_made_once_and_follow_its_seed_and_null(name: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = opened(out, data="twin:tiny").assay(name)
    assert first is not None
    assert first.simulated
    assert first.path == out / "stages" / name
    written = (first.path / first.source).stat().st_mtime_ns
    again = opened(out, data="twin:2000").assay(name)
    assert again is not None
    assert (first.path / first.source).stat().st_mtime_ns == written, "kept: the size of the twin is of the cells alone"
    assert again.hash == first.hash
    for change in ({"data": "twin:tiny:null"}, {"data": "twin:tiny", "seed": 2}):
        other = opened(out, **change).assay(name)
        assert other is not None
        assert other.hash != first.hash


def test_a_table_is_read_once_in_a_run(wells: Path, tmp_path: Path) -> None:
    run = opened(tmp_path / "run", wells=str(wells))
    assert run.assay("limiting_dilution") is run.assay("limiting_dilution")
    assert not (tmp_path / "run").exists(), "a table of one's own is read where it is"


def test_measured_cells_bring_no_tables(tmp_path: Path) -> None:
    assert opened(tmp_path / "run", data="mine.h5ad").assay("limiting_dilution") is None


def test_a_run_on_wells_alone_says_what_it_rests_on(wells: Path, tmp_path: Path) -> None:
    run = opened(tmp_path / "run", wells=str(wells))
    assert run.study() is None
    assert run.assay("cell_sort") is None
    assert run.label == "Measured data: mine.csv"
    assert "No cells were given" in repr(run)
    assert "mine.csv" in repr(run)
    assert "60 rows" in run.findings()["found"].str.cat()
    assert run_folder(validate(EnrichmentParameters, {"wells": str(wells)})).name == "mine.csv"


def test_a_folder_that_had_cells_keeps_none_in_a_run_without(wells: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert opened(out, data="twin:tiny").study() is not None
    assert opened(out, wells=str(wells)).study() is None
    assert not (out / "stages" / "study.h5ad").exists()
    assert opened(out, data="twin:tiny").study() is not None


def test_own_wells_beside_the_twins_cells_keep_their_own_label(wells: Path, tmp_path: Path) -> None:
    run = opened(tmp_path / "run", data="twin:tiny", wells=str(wells))
    own, twins = run.assay("limiting_dilution"), run.assay("cell_sort")
    assert own is not None
    assert twins is not None
    assert (run.label, own.label, twins.label) == (
        "Simulated data (twin)", "Measured data: mine.csv", "Simulated data (twin)",
    )  # fmt: skip
    assert "Simulated" in repr(run)
    assert "Measured" in repr(run)


def test_evidence_carries_the_context_of_what_it_rests_on(wells: Path, tmp_path: Path) -> None:
    run = opened(tmp_path / "run", data="twin:tiny", wells=str(wells))
    found = Evidence("C1", 1.5, 1.2, 1.8, n=4, unit="experiments", method="ELDA", scope="wells")
    own = run.assay("limiting_dilution")
    assert own is not None
    made = run.record(found, own)
    assert (made.source, made.simulated, made.hash) == ("mine.csv", False, own.hash)
    assert "measured data (mine.csv)" in made.sentence()
    twins = run.record(found, run.assay("cell_sort"))
    assert twins.simulated
    assert "simulated" in twins.sentence()
    assert run.record(found).source == "twin:tiny"


def test_a_page_that_takes_no_tables_knows_those_of_the_run(
    wells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fxyd3.files import write_json
    from fxyd3.rerun import workflow

    monkeypatch.setattr(workflow, "CHAPTERS", {"cells": CHAPTERS["cells"]})
    out = tmp_path / "run"
    write_json(out / "plan.json", workflow.plan(validate(EnrichmentParameters, {"wells": str(wells)})))
    page = Run(CHAPTERS["scorecard"], StudyParameters(data="none", out=str(out)))
    assert page.label == "Measured data: mine.csv"
    assert "mine.csv" in page.findings()["found"].str.cat()


def tolerance_run(out: Path, **values: object) -> Run:
    return Run(CHAPTERS["tolerance"], validate(ToleranceParameters, {"out": str(out), **values}))


@pytest.mark.slow
def test_groups_are_made_by_the_chapter_before_and_then_only_read(tmp_path: Path) -> None:
    run = tolerance_run(tmp_path / "run", data="twin:tiny")
    made = run.grouped()
    assert {"cluster", "condition", "patient"} <= set(made.obs)
    assert "counts" in made.layers
    before = run.stage("cells").stat().st_mtime_ns
    assert list(tolerance_run(tmp_path / "run", data="twin:tiny").grouped().obs_names) == list(made.obs_names)
    assert run.stage("cells").stat().st_mtime_ns == before
    write_json(run.stage("cells").with_suffix(".json"), {"key": "of other data"})
    write_json(tmp_path / "run" / "status" / "03-cells.json", {"state": "failed", "error": {"message": "stopped."}})
    with pytest.raises(InputError, match="stopped"):  # groups of other data are not taken
        tolerance_run(tmp_path / "run", data="twin:tiny").grouped()


def test_where_the_chapter_before_stopped_its_reason_is_told(tmp_path: Path) -> None:
    run = tolerance_run(tmp_path / "run", data="twin:tiny")
    status = tmp_path / "run" / "status" / "03-cells.json"
    write_json(status, {"state": "failed", "error": {"cell": 7, "message": "no cell is left."}})
    with pytest.raises(InputError, match="chapter 03-cells stopped: no cell is left"):
        run.grouped()


def test_without_cells_there_are_no_groups(tmp_path: Path) -> None:
    table = tmp_path / "kill.csv"
    time_kill(seed=1).table.to_csv(table, index=False)
    run = tolerance_run(tmp_path / "run", kill=str(table))
    assert run.parameters.without_cells
    assert run.grouped() is None
    assert len(run.assay("time_kill").table) == 112
    assert run.assay("lineage_barcodes") is None
