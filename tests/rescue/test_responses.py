"""Viability from tables with and without places, and from files of a reader."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import viability_plates
from fxyd3.errors import InputError
from fxyd3.rescue import fit_curves, normalise, read_plates, viability

PLATES = viability_plates(seed=4, plates=2).table
KEYS = ["plate", "cells", "dose_nM"]


def test_with_places_it_is_what_normalise_gives() -> None:
    found = viability(PLATES)
    whole = normalise(PLATES).wells
    whole = whole[whole["role"].isin(["drug", "control"])]
    np.testing.assert_allclose(found["viability"], whole["viability"])
    assert set(found["experiment"]) == {"E1", "E2"}


def test_a_tidy_table_without_places_roles_and_background_gives_the_same() -> None:
    blank = PLATES[PLATES["role"] == "blank"].groupby("plate")["luminescence"].mean()
    tidy = PLATES[PLATES["role"].isin(["drug", "control"])]
    tidy = tidy.assign(luminescence=tidy["luminescence"] - tidy["plate"].map(blank))
    tidy = tidy[["plate", "cells", "drug", "dose_nM", "luminescence"]].sample(frac=1, random_state=1)
    found = viability(tidy)
    assert not {"row", "column", "rim"} & set(found)
    assert set(found["experiment"]) == set(tidy["plate"])
    one, two = (t.groupby(KEYS)["viability"].mean() for t in (found, viability(PLATES)))
    pd.testing.assert_series_equal(one, two)


def test_a_row_for_each_mean_is_enough_and_units_of_the_reading_do_not_matter() -> None:
    dose = np.array([0.0, 1, 10, 100, 1000, 10_000])
    table = pd.DataFrame({"plate": "P", "cells": "A", "drug": "x", "dose_nM": dose})
    share = 0.1 + 0.9 / (1 + dose / 50)
    for scale in (1.0, 100.0, 1e6):
        found = viability(table.assign(luminescence=share * scale))
        np.testing.assert_allclose(found["viability"], share)
    assert fit_curves(found)["ec50"].item() == pytest.approx(50, rel=1e-3)


def write(folder: Path, name: str, values: np.ndarray) -> None:
    lines = [",".join(["", *map(str, range(1, 13))])]
    lines += [",".join([letter, *map(str, row)]) for letter, row in zip("ABCDEFGH", values, strict=True)]
    (folder / name).write_text("\n".join(lines))


def test_a_folder_of_readers_files_gives_the_wells_of_the_table(tmp_path: Path) -> None:
    names = ["chemotherapy-1", "chemotherapy-2"]
    for name in names:
        own = PLATES[PLATES["plate"] == name]
        write(tmp_path, f"{name}.csv", own["luminescence"].to_numpy().reshape(8, 12))
    (tmp_path / "layout.csv").write_text(
        "wells,role,cells,drug,top_dose,unit,dilution\nA1:H1,blank,,,,,\n"
        "A2:D10,drug,ancestral,chemotherapy,100,uM,3\nE2:H10,drug,other,chemotherapy,100,uM,3\n"
        "A11:D12,control,ancestral,,,,\nE11:H12,control,other,,,,\n"
    )
    found = viability(read_plates(tmp_path, tmp_path / "layout.csv"))
    table = viability(PLATES[PLATES["plate"].isin(names)])
    order = ["plate", "row", "column"]
    np.testing.assert_allclose(found.sort_values(order)["viability"], table.sort_values(order)["viability"], rtol=1e-12)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    tidy = PLATES[["plate", "cells", "drug", "dose_nM", "luminescence"]]
    with pytest.raises(InputError, match="no control wells"):
        viability(tidy[tidy["dose_nM"] > 0])
    with pytest.raises(InputError, match="without the columns row and column"):
        viability(tidy, correct_edges="rim")
    with pytest.raises(InputError, match="more than 1,536 wells"):
        viability(pd.concat([tidy.assign(plate="one")] * 4))
    with pytest.raises(InputError, match="All wells are blanks"):
        viability(PLATES.assign(role="blank"))
    with pytest.raises(InputError, match="holds no plates"):
        read_plates(tmp_path, tmp_path / "layout.csv")
