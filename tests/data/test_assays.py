"""Assay tables: the twin's come back as they were drawn, however they are written, and templates keep their schema."""

import gzip
import re
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from fxyd3.data.assays import (
    ASSAYS,
    AssayTable,
    contrasts,
    persister_signatures,
    read_assay,
    sorted_cells,
    templates,
    twin_assay,
)
from fxyd3.data.files import annotate
from fxyd3.data.simulate import limiting_dilution, two_drugs, viability_plates
from fxyd3.errors import InputError
from fxyd3.rescue import read_layout
from fxyd3.tolerance import read_contrasts, read_signatures

WELLS = limiting_dilution(seed=3).table
TEMPLATES = {path.stem: path for path in templates()}


@pytest.fixture
def wells(tmp_path: Path) -> Path:
    path = tmp_path / "wells.csv"
    WELLS.to_csv(path, index=False)
    return path


def sheet(folder: Path, files: dict[str, bytes], name: str = "sheet.csv") -> Path:
    """Write a sample sheet and its files."""
    folder.mkdir(exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    rows = [f"{file},stained,{i + 1}" for i, file in enumerate(files)]
    (folder / name).write_text("\n".join(["file,sample,replicate", *rows, ""]))
    return folder / name


@pytest.mark.parametrize("name", ASSAYS)
def test_the_twins_tables_come_back_as_drawn_from_the_table_and_from_its_folder(name: str, tmp_path: Path) -> None:
    drawn = twin_assay(name, seed=2)
    path = drawn.write(tmp_path)
    for given in (path, tmp_path):
        read = read_assay(name, given)
        truth = [column for column in drawn.table if column.startswith("truth_")]
        pd.testing.assert_frame_equal(read.table, drawn.table.drop(columns=truth).astype(read.table.dtypes))
        assert (read.path, read.source) == (tmp_path, path.name)
        assert read.simulated
        assert read.label == "Simulated data (twin)"


@pytest.mark.parametrize("name", ASSAYS)
def test_the_twins_tables_are_of_the_seed_and_null_that_were_asked(name: str, tmp_path: Path) -> None:
    hashes = {
        read_assay(name, twin_assay(name, seed=seed, null=null).write(tmp_path / f"{seed}{null}")).hash
        for seed in (1, 2)
        for null in (True, False)
    }
    assert len(hashes) == 4


def test_separators_decimals_packing_and_byte_marks_change_nothing(tmp_path: Path, wells: Path) -> None:
    plain = read_assay("limiting_dilution", wells)
    halved = WELLS.assign(cells_per_well=WELLS["cells_per_well"] / 2)
    ways = {
        "tabs.tsv": WELLS.to_csv(index=False, sep="\t").encode(),
        "mark.csv": b"\xef\xbb\xbf" + WELLS.to_csv(index=False).encode(),
        "windows.csv": WELLS.to_csv(index=False, lineterminator="\r\n").encode(),
        "packed.csv.gz": gzip.compress(WELLS.to_csv(index=False).encode()),
        "empty-ends.csv": (re.sub(r"(?m)$", ",,", WELLS.to_csv(index=False).strip()) + "\n,,,,,,\n").encode(),
        "quoted.csv": WELLS.to_csv(index=False, quoting=1).encode(),
    }
    for name, content in ways.items():
        (tmp_path / name).write_bytes(content)
        pd.testing.assert_frame_equal(read_assay("limiting_dilution", tmp_path / name).table, plain.table)
    (tmp_path / "comma.csv").write_text(halved.to_csv(index=False, sep=";", decimal=","))
    pd.testing.assert_frame_equal(read_assay("limiting_dilution", tmp_path / "comma.csv").table, halved)


def test_usual_spellings_of_the_columns_are_mended_and_said(tmp_path: Path) -> None:
    names = {"group": "Group", "cells_per_well": "Cells per well", "wells_tested": "wells.tested",
             "wells_positive": "WELLS-POSITIVE"}  # fmt: skip
    WELLS.rename(columns=names).to_csv(tmp_path / "w.csv", index=False)
    read = read_assay("limiting_dilution", tmp_path / "w.csv")
    pd.testing.assert_frame_equal(read.table, WELLS, check_like=True)
    told = [finding.what for finding in read.findings if finding.level == "mended"]
    assert len(told) == len(names)
    assert all(any(old in what for what in told) for old in names.values())


def test_tables_of_the_elda_web_tool_are_understood(tmp_path: Path) -> None:
    (tmp_path / "elda.txt").write_text("Dose\tTested\tResponse\tGroup\n50\t24\t2\tA\n100\t24\t6\tA\n")
    read = read_assay("limiting_dilution", tmp_path / "elda.txt")
    assert read.table.to_dict("list") == {
        "group": ["A", "A"], "cells_per_well": [50.0, 100.0], "wells_tested": [24, 24], "wells_positive": [2, 6],
    }  # fmt: skip
    assert sum(finding.level == "mended" for finding in read.findings) == 4


def test_doses_in_other_units_are_converted_and_said(tmp_path: Path) -> None:
    plates = viability_plates(seed=3, plates=1).table
    plates.assign(dose_nM=plates["dose_nM"] / 1e3).rename(columns={"dose_nM": "Dose (\u00b5M)"}).to_csv(
        tmp_path / "uM.csv", index=False
    )
    read = read_assay("viability_plates", tmp_path / "uM.csv")
    np.testing.assert_allclose(read.table["dose_nM"], plates["dose_nM"])
    assert any("converted to dose_nM" in finding.what for finding in read.findings)

    pairs = two_drugs(seed=3, experiments=1).table
    mass = pairs.assign(glycoside_nM=pairs["glycoside_nM"] / 1.28, glycoside="Digoxin")
    mass.rename(columns={"glycoside_nM": "glycoside_ng_mL"}).to_csv(tmp_path / "mass.csv", index=False)
    read = read_assay("two_drugs", tmp_path / "mass.csv")
    np.testing.assert_allclose(read.table["glycoside_nM"], pairs["glycoside_nM"])


@pytest.mark.parametrize(
    ("rename", "drug", "message"),
    [
        ({"glycoside_nM": "glycoside_stone"}, "digoxin", "'glycoside_stone', whose unit is unknown"),
        ({"glycoside_nM": "glycoside_ng_mL"}, "ouabain", r"Line 2 of t.csv: ng/mL of 'ouabain' cannot be converted"),
        ({"glycoside_nM": "glycoside_ng_mL"}, None, r"a drug without a name cannot be converted"),
        ({"glycoside_nM": "dose"}, "digoxin", "has no column 'glycoside_nM'"),
        ({"viability": "glycoside_uM"}, "digoxin", "two columns for glycoside_nM"),
    ],
)
def test_units_that_cannot_be_read_are_told(
    tmp_path: Path, rename: dict[str, str], drug: str | None, message: str
) -> None:
    table = two_drugs(seed=3, experiments=1).table.assign(**({"glycoside": drug} if drug else {}))
    table.iloc[2:].rename(columns=rename).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=message):
        read_assay("two_drugs", tmp_path / "t.csv")


def test_columns_in_another_order_and_more_of_them_change_nothing(tmp_path: Path, wells: Path) -> None:
    turned = WELLS[WELLS.columns[::-1]].assign(note="a, b")
    turned.to_csv(tmp_path / "turned.csv", index=False)
    read = read_assay("limiting_dilution", tmp_path / "turned.csv")
    pd.testing.assert_frame_equal(read.table, read_assay("limiting_dilution", wells).table)
    assert any("note" in finding.what for finding in read.findings)


def test_the_hash_is_of_the_table_and_its_files(tmp_path: Path) -> None:
    first = read_assay("cell_sort", sheet(tmp_path / "a", {"x.fcs": b"one", "y.fcs": b"two"}))
    again = read_assay("cell_sort", sheet(tmp_path / "b", {"x.fcs": b"one", "y.fcs": b"two"}))
    other = read_assay("cell_sort", sheet(tmp_path / "c", {"x.fcs": b"one", "y.fcs": b"TWO"}))
    assert first.hash == again.hash != other.hash


def test_measured_is_what_does_not_say_that_it_is_simulated(tmp_path: Path, wells: Path) -> None:
    measured = read_assay("limiting_dilution", wells)
    assert not measured.simulated
    assert measured.label == "Measured data: wells.csv"

    def simulated(read: AssayTable) -> bool:
        return read.simulated and read.label == "Simulated data (twin)"

    (tmp_path / "wells.json").write_text('{"twin": {"simulated": true}}')
    assert simulated(read_assay("limiting_dilution", wells)), "the twin's description lies beside it"
    (tmp_path / "my_Simulated.csv").write_bytes(wells.read_bytes())
    assert simulated(read_assay("limiting_dilution", tmp_path / "my_Simulated.csv")), "its name says so"
    content = b"FCS3.1" + b" " * 252 + b"/$CYT/simulated/"
    assert simulated(read_assay("cell_sort", sheet(tmp_path / "sort", {"a.fcs": content}))), "a file says so"
    assert not read_assay("cell_sort", sheet(tmp_path / "measured", {"a.fcs": b"FCS3.1"})).simulated


def test_the_twins_fcs_files_under_other_names_still_say_that_they_are_simulated(tmp_path: Path) -> None:
    path = twin_assay("cell_sort").write(tmp_path / "twin")
    renamed = {f"{i}.fcs": (path.parent / file).read_bytes() for i, file in enumerate(pd.read_csv(path)["file"])}
    assert read_assay("cell_sort", sheet(tmp_path / "mine", renamed)).simulated


@pytest.mark.parametrize("name", ASSAYS)
def test_a_template_keeps_its_schema_and_counts_as_simulated_until_it_is_changed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(TEMPLATES[name].read_bytes())
    if ASSAYS[name].files:
        for file in pd.read_csv(path)[ASSAYS[name].files]:
            (tmp_path / file).write_bytes(b"FCS3.1")
    assert read_assay(name, path).simulated
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert not read_assay(name, path).simulated


def test_the_template_of_annotations_fits_cells_of_its_names() -> None:
    cells = pd.read_csv(TEMPLATES["sorted_cells"])["cell"]
    adata = anndata.AnnData(np.ones((len(cells), 1), np.float32), obs=pd.DataFrame(index=cells.to_numpy()))
    annotate(adata, TEMPLATES["sorted_cells"])
    assert {"patient", "sample", "fraction", "condition"} <= set(adata.obs)
    assert adata.obs.notna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("patient", None), r"mine.csv, line 4, has no patient: fill it, or leave the line out"),
        (("fraction", None), r"mine.csv, line 4, has no fraction: fill it, or leave the line out"),
        (
            ("cell", "cell-0000001"),
            r"mine.csv, line 4, names the cell 'cell-0000001' twice: give one row",
        ),
    ],
)
def test_annotations_in_the_form_of_the_template_are_held_to_its_schema(
    change: tuple[str, str | None], message: str, tmp_path: Path
) -> None:
    table = pd.read_csv(TEMPLATES["sorted_cells"])
    adata = anndata.AnnData(np.ones((len(table), 1), np.float32), obs=pd.DataFrame(index=table["cell"].to_numpy()))
    table.loc[2, change[0]] = change[1]
    table.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError, match=message):
        annotate(adata, tmp_path / "mine.csv")
    assert adata.obs.empty


def test_the_templates_of_other_models_and_signatures_keep_their_schema_and_are_read() -> None:
    models = TEMPLATES["contrasts"]
    assert len(contrasts().validate(pd.read_csv(models))) == len(read_contrasts(models)) == 9
    lists = TEMPLATES["persister_signatures"]
    assert len(persister_signatures().validate(pd.read_csv(lists), lazy=True)) == len(read_signatures(lists)) == 8
    assert read_contrasts(models)["contrast"].str.startswith("simulated").all()


def test_the_page_of_templates_lists_every_column_as_the_schema_does() -> None:
    sections = re.split(r"(?m)^## ", TEMPLATES["README"].read_text())[1:]
    told = {section.split(".csv")[0]: re.findall(r"(?m)^\| `(\w+)` \| (.+) \|$", section) for section in sections}
    assert told.keys() == TEMPLATES.keys() - {"README"}
    for name, rows in told.items():
        assert [column for column, _ in rows] == list(pd.read_csv(TEMPLATES[name]).columns)
    others = {"sorted_cells": sorted_cells(), "contrasts": contrasts(), "persister_signatures": persister_signatures()}
    schemas = {name: kind.schema() for name, kind in ASSAYS.items()} | others
    assert told.keys() == schemas.keys() | {"layout"}
    assert len(read_layout(TEMPLATES["layout"])) == 2 * 27 + 2 * 6 + 2
    for name, schema in schemas.items():
        assert told[name] == [(column, what.description) for column, what in schema.columns.items()]
