"""Plate files as readers write them, and the templates that say what wells hold."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fxyd3.errors import InputError
from fxyd3.rescue._hill import fit_curves
from fxyd3.rescue._layout import plate_shape, read_layout, row_letters, row_number
from fxyd3.rescue._plate import Plate, read_plate
from fxyd3.rescue._quality import normalise, quality

# Which wells hold which cells: the README of the data; that EN2 lies above EP2 is taken from the order it names them.
REAL = """plate,wells,role,cells,drug,top_dose,unit,dilution,along
DM2470A-celltiter,B2:D10,drug,MDA-MB-231,doxorubicin,10,uM,3,left to right
DM2470A-celltiter,E2:G10,drug,231-1KB3,doxorubicin,10,uM,3,left to right
DM2470A-celltiter,B11:D12,control,MDA-MB-231,,,,,
DM2470A-celltiter,E11:G11 F12:H12,control,231-1KB3,,,,,
DM2470B-celltiter,B2:D10,drug,EN2,doxorubicin,10,uM,3,left to right
DM2470B-celltiter,E2:G10,drug,EP2,doxorubicin,10,uM,3,left to right
DM2470B-celltiter,B11:D12,control,EN2,,,,,
DM2470B-celltiter,E11:G11 F12:H12,control,EP2,,,,,
,A12 E12,blank,,,,,,
"""
SIX = np.array([[100.0, 900.0, 1100.0], [100.5, 500.0, 300.0]])
LAYOUT = pd.DataFrame(
    {
        "wells": ["A1:B1", "A2:A3", "B2:B3"],
        "role": ["blank", "control", "drug"],
        "cells": ["", "MDA", "MDA"],
        "drug": ["", "dox", "dox"],
        "top_dose": ["", "", 900],
        "dilution": ["", "", 3],
        "along": ["", "", "right to left"],
        "unit": ["", "", "nM"],
    }
)


def written(folder: Path, text: str, name: str = "p.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def grid(values: np.ndarray, separator: str = ",", end: str = "\n") -> str:
    lines = [separator.join(["", *(str(i + 1) for i in range(values.shape[1]))])]
    lines += [separator.join([row_letters(i), *map(str, row)]) for i, row in enumerate(values)]
    return end.join(lines) + end


def readings(plate: Plate) -> np.ndarray:
    return plate.wells["reading"].to_numpy().reshape(plate.shape)


LONG = "Well\tValue\n" + "".join(f"{row_letters(i)}0{j + 1}\t{SIX[i, j]}\n" for i in range(2) for j in range(3))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (grid(SIX), "utf-8"),
        (grid(SIX, end="\r\n"), "utf-8-sig"),
        (grid(SIX, "\t"), "utf-16"),
        (grid(SIX, ";").replace(".", ","), "latin-1"),
        ("Reader: X\nTemperature 37,1 °C\n\nLum\n<>" + grid(SIX) + "\nEnd,12:30\nno more\n", "latin-1"),
        (grid(SIX).replace("A,", "a,"), "utf-8"),
        (LONG, "utf-8"),
        ("Plate export\n\n" + LONG.replace("\t", ";").replace("A01", "A1") + "\nDone\n", "utf-8"),
        ("Position,Sample,Luminescence\n" + LONG.split("\n", 1)[1].replace("\t", ",s,"), "utf-8"),
    ],
)
def test_all_forms_of_one_plate_read_alike(tmp_path: Path, text: str, encoding: str) -> None:
    plate = read_plate(written(tmp_path, text, encoding=encoding), LAYOUT, plate="P", hours=72)
    assert plate.shape == (2, 3)
    np.testing.assert_array_equal(readings(plate), SIX)
    assert plate.wells["role"].tolist() == ["blank", "control", "control", "blank", "drug", "drug"]
    assert plate.wells["dose_nM"].tolist() == [0, 0, 0, 0, 300, 900]
    assert set(plate.wells["plate"]) == {"P"}
    assert set(plate.wells["hours"]) == {72}
    assert plate.notes == ()


@pytest.mark.parametrize("shape", [(4, 6), (6, 8), (8, 12), (16, 24), (32, 48)])
def test_plates_of_every_size_keep_their_places(tmp_path: Path, shape: tuple[int, int]) -> None:
    values = np.arange(1.0, 1 + shape[0] * shape[1]).reshape(shape)
    last = row_letters(shape[0] - 1)
    layout = pd.DataFrame({"wells": [f"A1:{last}1", f"A2:{last}{shape[1]}"], "role": ["blank", "control"]})
    np.testing.assert_array_equal(readings(read_plate(written(tmp_path, grid(values)), layout)), values)
    assert plate_shape(*shape) == shape
    assert row_number(last) == shape[0] - 1


def test_words_are_missing_readings_and_said(tmp_path: Path) -> None:
    text = grid(SIX).replace("1100.0", "OVRFLW").replace("500.0", ">1e6").replace("300.0", "-")
    plate = read_plate(written(tmp_path, text), LAYOUT)
    assert np.isnan(readings(plate)[[0, 1, 1], [2, 1, 2]]).all()
    assert plate.notes[0].what == "3 wells hold no number and are missing: A3 'OVRFLW', B2 '>1e6', B3 '-'"
    assert plate.summary().set_index("role")["missing"].to_dict() == {"blank": 0, "control": 1, "drug": 2}
    viable = normalise(plate).wells.set_index(["row", "column"])["viability"]
    assert viable.dropna().to_dict() == {("A", 2): 1.0}


def test_a_template_and_a_row_for_each_well_say_the_same(tmp_path: Path) -> None:
    short = read_layout(written(tmp_path, REAL))
    one_by_one = short.rename(columns={"dose_nM": "dose"}).assign(
        unit="nM", row=short["row"], cells=short["cells"].replace("none", ""), drug=short["drug"].replace("none", "")
    )
    pd.testing.assert_frame_equal(read_layout(one_by_one), short)
    shuffled = read_layout(one_by_one.sample(frac=1, random_state=1))
    by = ["plate", "row", "column"]
    pd.testing.assert_frame_equal(shuffled.sort_values(by, ignore_index=True), short.sort_values(by, ignore_index=True))
    entries = "- {wells: A12 E12, role: blank}\n- {wells: 'B2:D4', cells: MDA, drug: dox, dose: 0.5, unit: uM}\n"
    found = read_layout(written(tmp_path, entries, "l.yml"))
    assert found["role"].value_counts().to_dict() == {"drug": 9, "blank": 2}
    assert set(found.loc[found["role"] == "drug", "dose_nM"]) == {500.0}


@pytest.mark.parametrize(
    ("along", "doses"),
    [
        ("left to right", [[27, 9, 3], [27, 9, 3]]),
        ("right to left", [[3, 9, 27], [3, 9, 27]]),
        ("top to bottom", [[27, 27, 27], [9, 9, 9]]),
        ("bottom to top", [[9, 9, 9], [27, 27, 27]]),
    ],
)
def test_doses_fall_the_way_they_are_said_to(along: str, doses: list[list[float]]) -> None:
    line = {"wells": "C4:B2", "drug": "dox", "top_dose": "0,027", "unit": "uM", "dilution": 3, "along": along}
    found = read_layout(pd.DataFrame([line]))
    np.testing.assert_allclose(found["dose_nM"].to_numpy().reshape(2, 3), doses)


def test_of_several_grids_one_must_be_chosen(tmp_path: Path) -> None:
    layout_block = grid(np.full((2, 3), "SPL1", dtype=object))
    path = written(tmp_path, f"Layout\n{layout_block}\nLum\n{grid(SIX)}\nOD 600\n{grid(SIX / 100)}")
    with pytest.raises(InputError, match=r"2 grids \(1 'Lum', 2 'OD 600'\): say which"):
        read_plate(path, LAYOUT)
    np.testing.assert_allclose(readings(read_plate(path, LAYOUT, grid=2)), SIX / 100)
    with pytest.raises(InputError, match="no grid 3"):
        read_plate(path, LAYOUT, grid=3)


def test_a_plate_of_384_wells_read_normalised_and_fitted_takes_less_than_two_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = written(tmp_path, grid(rng.normal(1e5, 5e3, (16, 24)).round()))
    layout = """wells,role,cells,drug,top_dose,unit,dilution
A1:P1,blank,,,,,
A2:H22,drug,one,dox,10,uM,2
I2:P22,drug,two,dox,10,uM,2
A23:H24,control,one,,,,
I23:P24,control,two,,,,
"""
    text = path.read_text().splitlines()
    path.write_text("\n".join([text[0], *(",".join([line[0], "900", *line.split(",")[2:]]) for line in text[1:])]))
    start = time.process_time()
    plate = read_plate(path, written(tmp_path, layout, "layout.csv"))
    found = normalise(plate)
    assert len(quality(plate)) == 2
    assert len(fit_curves(found.wells)) == 2
    assert time.process_time() - start < 2
    assert len(found.wells) == 384


@pytest.mark.real
def test_the_real_plates_read_as_they_stand(tmp_path: Path, real_data: Path) -> None:
    layout = written(tmp_path, REAL, "layout.csv")
    folder = real_data / "doxorubicin_mdamb231"
    one, two = (read_plate(folder / f"DM2470{name}-celltiter.txt", layout, hours=72) for name in "AB")
    assert one.notes == two.notes == ()
    wells = one.wells.set_index(["row", "column"])
    assert wells.loc[("A", 12), ["role", "reading"]].tolist() == ["blank", 1058]
    assert wells.loc[("G", 2), ["cells", "dose_nM", "reading"]].tolist() == ["231-1KB3", 10_000, 4377]
    assert wells.loc[("B", 10), "dose_nM"] == pytest.approx(10_000 / 3**8)
    found = normalise(pd.concat([one.wells, two.wells]))
    blank, control = np.mean([1058, 2744]), np.mean([116361, 120662, 123737, 126008, 126370, 122643])
    at = found.wells.set_index(["plate", "row", "column"])["viability"]
    assert at["DM2470A-celltiter", "B", 5] == pytest.approx((50740 - blank) / (control - blank))
    table = quality(found)
    assert (table["verdict"] == "excellent").all()
    assert table["reasons"].str.contains("only 2 wells").all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "is not a plate: give a grid"),
        ("nothing but words\n", "is not a plate"),
        (grid(np.ones((3, 3))), "row C in line 4, beyond a plate of 3 columns, which ends at B"),
        (grid(np.ones((2, 5))), "grid of 5 columns in line 1, which no plate has"),
        (grid(SIX).replace("\nB", "\nA"), "row A twice"),
        (grid(SIX, "\t").replace("900.0", "90,000").replace("1100.0", "11,000"), "may be decimal or mark thousands"),
        (LONG.replace("B03", "B02"), "well B02 twice"),
        (LONG.replace("B03", "ZZ3"), "well ZZ3, whose row no plate has"),
        ("Well,First,Second\nA1,1,2\n", r"several columns .*\(First, Second\)"),
        (grid(np.ones((2, 3)))[:9].replace("A", "A1"), "is not a plate"),
        ("", "is empty"),
    ],
)
def test_files_that_are_no_plate_are_told_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_plate(written(tmp_path, text), LAYOUT)


def test_workbooks_and_absent_files(tmp_path: Path) -> None:
    for path in (tmp_path / "p.xlsx", written(tmp_path, "PK\x03\x04...")):
        with pytest.raises(InputError, match="is a workbook: save"):
            read_plate(path, LAYOUT)
    with pytest.raises(InputError, match=r"There is no file .*did you mean 'p.csv'"):
        read_plate(tmp_path / "q.csv", LAYOUT)
    with pytest.raises(InputError, match="There is no file"):
        read_layout(tmp_path / "l.csv")
    with pytest.raises(InputError, match="is a workbook"):
        read_layout(tmp_path / "l.xlsx")
    with pytest.raises(InputError, match="must be a list of entries"):
        read_layout(written(tmp_path, "wells: A1\n", "l.yml"))


DRUG = {"wells": "B2", "role": "drug", "drug": "dox", "dose": 1, "unit": "nM"}
SERIES = {"wells": "B2:B3", "drug": "dox", "top_dose": 9, "dilution": 3, "unit": "nM"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (DRUG | {"wells": "D2"}, "names D2, not on a plate of 2 rows and 3 columns"),
        (DRUG | {"wells": "A1:B2 B2"}, "names B2 more than once"),
        (DRUG | {"wells": "12B"}, "'12B' is not a well"),
        (DRUG | {"wells": "B2:B3:B4"}, "is not a range of wells"),
        (DRUG | {"role": "contrl"}, "did you mean 'control'"),
        (DRUG | {"unit": "furlong"}, "furlong"),
        (DRUG | {"unit": ""}, "a dose without a unit"),
        (DRUG | {"drug": ""}, "which drug is in B2"),
        (DRUG | {"dose": 0}, "dose 0: a dose of a drug lies above zero"),
        (DRUG | {"dose": -1}, "dose -1"),
        (DRUG | {"dose": "ten"}, "dose 'ten', which is not a number"),
        (DRUG | {"dose": ""}, "drug wells B2 no dose"),
        (DRUG | {"role": "control"}, "wells with a dose are 'drug'"),
        (DRUG | {"top_dose": 3}, "both a dose and a top_dose"),
        (SERIES | {"top_dose": 0}, "dose 0"),
        (SERIES | {"dilution": 1}, "dilutes B2:B3 1-fold"),
        (SERIES | {"along": "left to rigth"}, "did you mean 'left to right'"),
        (SERIES | {"colour": "red"}, "unknown column 'colour'"),
        ({"wels": "A1", "role": "blank"}, r"no column 'wells'.*did you mean 'wels'"),
        (DRUG | {"plate": "other"}, "describes no well of plate 'p'"),
    ],
)
def test_layouts_that_cannot_be_are_told_in_one_sentence(tmp_path: Path, line: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as told:
        read_plate(written(tmp_path, grid(SIX)), pd.DataFrame([line]))
    assert "\n" not in str(told.value)
