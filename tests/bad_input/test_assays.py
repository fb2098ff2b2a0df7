"""Bad assay tables: one sentence that names the file, the place, the value and what to do."""

import gzip
from pathlib import Path

import pytest
from tests.conftest import Fxyd3

from fxyd3.data.assays import read_assay
from fxyd3.errors import InputError

HEAD = "group,cells_per_well,wells_tested,wells_positive\n"
SHEET = "file,sample,replicate\n"
WELLS = [
    (
        HEAD.replace("wells_tested", "well_testd") + "u,5,24,3\n",
        r"no column 'wells_tested' \(did you mean 'well_testd'",
    ),
    ("u,5,24,3\nu,9,24,5\n", r"no column 'group': its first line must name the columns group, cells_per_well"),
    (HEAD + "u,5,24,3\nu,5,24,25\n", "Line 3 of w.csv has wells_tested = 24 and wells_positive = 25"),
    (HEAD + "u,0,24,3\n", "Line 2 of w.csv has cells_per_well = 0: it must be above zero"),
    (HEAD + "u,-5,24,3\n", "Line 2 of w.csv has cells_per_well = -5: it must be above zero"),
    (HEAD + "u,5,-1,-2\n", "wells_tested = -1: it cannot be negative"),
    (HEAD + "u,5,24,3\n\nu,5,24.5,3\n", "Line 4 of w.csv has wells_tested = '24.5': it must be a whole number"),
    (HEAD + "u,5,many,3\n", "wells_tested = 'many': it must be a whole number"),
    (HEAD + "u,inf,24,3\n", "cells_per_well = 'inf': it must be a number"),
    (HEAD + "u,5,24,\n", "Line 2 of w.csv has no wells_positive"),
    (HEAD + ",5,24,3\n", "Line 2 of w.csv has no group"),
    (HEAD + "u,5,24,NA\n", "has no wells_positive"),
    ("experiment," + HEAD + ",u,5,24,3\n", "has no experiment"),
    (HEAD + "u,5,24\n", "Line 2 of w.csv has 3 values where the header has 4"),
    (HEAD + 'u,"5,24,3\n', "cannot be read as a table"),
    (HEAD.replace("group", "Dose,group") + "5,u,5,24,3\n", "two columns for cells_per_well"),
    (HEAD.replace("group", "group,group") + "u,u,5,24,3\n", "two columns for group"),
    (HEAD, "no rows below its header"),
    ("", "w.csv is empty"),
    ("PK\x03\x04\x00", "no column"),
]
SORTS = [
    (SHEET + "a.fcs,stained,1\nb.fcs,stained,2\n", r"Line 3 of s.csv names the file 'b.fcs'.*did you mean 'a.fcs'"),
    (SHEET + "a.fcs,stained,1\na.fcs,isotype,1\n", "Line 3 of s.csv has file = a.fcs: it must be named once only"),
    (SHEET + "a.fcs,Isotyp,1\n", "sample = Isotyp: it must be unstained, single-MARKER, isotype"),
    (SHEET + "a.fcs,fmo-,1\n", "sample = fmo-: it must be"),
    (SHEET + "a.fcs,stained,0\n", "replicate = 0: it must be 1 or more"),
    (SHEET + "a.fcs,stained,first\n", "replicate = 'first': it must be a whole number"),
    ("file,replicate\na.fcs,1\n", "no column 'sample'"),
]


def one_sentence(error: InputError) -> bool:
    said = str(error)
    return said.endswith(".") and "\n" not in said and "pandera" not in said.lower() and "Check" not in said


@pytest.mark.parametrize(("text", "told"), WELLS, ids=[told for _, told in WELLS])
def test_wells(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises(InputError, match=told) as error:
        read_assay("limiting_dilution", tmp_path / "w.csv")
    assert one_sentence(error.value)


@pytest.mark.parametrize(("text", "told"), SORTS, ids=[told for _, told in SORTS])
def test_sample_sheets(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.fcs").write_bytes(b"FCS3.1")
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(InputError, match=told) as error:
        read_assay("cell_sort", tmp_path / "s.csv")
    assert one_sentence(error.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("w.xlsx", b"PK", "save the sheet as CSV"),
        ("w.csv", "gröups,a\n".encode("utf-16"), "not text in UTF-8"),
        ("w.csv.gz", b"no gzip", "not packed with gzip"),
        ("w.csv.gz", gzip.compress(HEAD.encode(), mtime=0)[:-4], "cut short"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told) as error:
        read_assay("limiting_dilution", tmp_path / name)
    assert one_sentence(error.value)


def test_an_absent_file_gets_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "wells.csv").write_text(HEAD)
    with pytest.raises(InputError, match=r"did you mean 'wells\.csv'"):
        read_assay("limiting_dilution", tmp_path / "well.csv")


def test_a_kind_that_there_is_not_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'limiting_dilution'"):
        read_assay("limiting_dilutions", tmp_path)


def test_a_folder_must_hold_one_sheet(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"holds no sample sheet.* file, sample, replicate"):
        read_assay("cell_sort", tmp_path)
    for name in ("one.csv", "two.tsv"):
        (tmp_path / name).write_text(SHEET)
    with pytest.raises(InputError, match=r"several tables.*one\.csv, two\.tsv"):
        read_assay("cell_sort", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--wells", "bad.csv"], "Line 2 of bad.csv"),
        (["--wells", "absent.csv"], "absent.csv"),
        (["--flow", "empty"], "no sample sheet"),
        (["--data", "twin:tiny", "--wells", "bad.csv"], "Line 2 of bad.csv"),
        (["--data", "none"], "--wells"),
        (["-p", "control=isotpe"], "isotype or fmo"),
        (["-p", "gate_quantile=1.5"], "gate_quantile"),
        (["-p", "confidence=95.0"], "confidence"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else None,
)
def test_a_run_leaves_nothing_behind(tmp_path: Path, fxyd3: Fxyd3, arguments: list[str], told: str) -> None:
    (tmp_path / "bad.csv").write_text(HEAD + "u,5,24,30\n")
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    done = fxyd3("run", *arguments, "--out", "made", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("fxyd3: ")
    assert done.stderr.strip().count("\n") == 0
    assert told in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
