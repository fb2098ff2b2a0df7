"""Simulated viability plates against their own truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.plates import CHEMOTHERAPY, GLYCOSIDE, Hill, viability_plates
from fxyd3.errors import InputError


def net(table: pd.DataFrame) -> pd.Series:
    return table["luminescence"] - table.loc[table["role"] == "blank", "luminescence"].mean()


def test_the_layout_is_that_of_the_real_plates() -> None:
    table = viability_plates(plates=2).table
    assert list(table) == [
        "experiment", "plate", "row", "column", "role", "cells", "drug", "dose_nM", "hours", "luminescence",
    ]  # fmt: skip
    assert (table.groupby("experiment")["plate"].nunique() == 3).all()
    assert (table.groupby("plate").size() == 96).all()
    assert not table.duplicated(["plate", "row", "column"]).any()
    assert not table.isna().any().any()
    drug = table[table["role"] == "drug"]
    assert drug["column"].between(2, 10).all()
    falls = drug.groupby(["plate", "row"])["dose_nM"].apply(lambda d: d.to_numpy()[:-1] / d.to_numpy()[1:])
    assert np.allclose(np.stack(falls), 3)
    assert (table.loc[table["role"] != "drug", "dose_nM"] == 0).all()
    assert (table.loc[table["cells"] == "ancestral", "row"] <= "D").all()
    assert (table.loc[table["cells"] == "other", "row"] >= "E").all()
    assert ((table["hours"] == 0) == table["plate"].str.startswith("time-zero")).all()


def test_same_seed_same_table_other_seed_other_table() -> None:
    one = viability_plates(seed=3)
    pd.testing.assert_frame_equal(one.table, viability_plates(seed=3).table)
    other = viability_plates(seed=4)
    assert (one.table["luminescence"] != other.table["luminescence"]).any()
    assert one.truth["response"] == other.truth["response"]
    json.dumps(one.truth, allow_nan=False)


def test_without_noise_the_signal_is_the_planted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLATE_SD", "GRADIENT_SD", "EC50_SD", "CELLS_EC50_SD"):
        monkeypatch.setattr(f"fxyd3.data.simulate.plates.{name}", 0.0)
    monkeypatch.setattr("fxyd3.data.simulate.plates.BLANK_SD", 1e-3)
    assay = viability_plates(plates=1, noise=0, edge=0.1)
    table = assay.table.assign(net=net(assay.table))
    rim = table["row"].isin(["A", "H"]) | table["column"].isin([1, 12])
    for (cells, drug), wells in table[~rim & (table["role"] == "drug")].groupby(["cells", "drug"]):
        p = assay.truth["response"][drug][cells]
        dose = wells["dose_nM"].to_numpy()
        hill = p["bottom"] + (p["top"] - p["bottom"]) / (1 + (dose / p["ec50_nM"]) ** p["hill"])
        assert np.allclose(wells["net"], 20_000 * 2 ** assay.truth["divisions"][cells] * hill, atol=1)
    ratio = table.loc[(table["column"] == 12) & (table["row"] == "B"), "net"].to_numpy() / (
        table.loc[(table["column"] == 11) & (table["row"] == "B"), "net"].to_numpy()
    )
    assert np.allclose(ratio, 1 + assay.truth["edge_effect"], atol=1e-4)


def test_growth_rates_follow_from_the_reading_at_the_start() -> None:
    assay = viability_plates(plates=100, ancestral_doubling_hours=48, other_doubling_hours=24)
    inner = assay.table["row"].between("B", "G") & (assay.table["column"] == 11)
    table = assay.table.assign(net=net(assay.table))[inner]
    for cells, planted in (("ancestral", 72 / 48), ("other", 72 / 24)):
        mine = table[table["cells"] == cells]
        end, first = (np.log2(mine.loc[mine["role"] == role, "net"]) for role in ("control", "time_zero"))
        error = math.hypot(*(0.1 / math.log(2) / math.sqrt(len(each) / 3) for each in (end, first)))  # plates, wells
        assert abs(end.mean() - first.mean() - planted) < 4 * error
        assert assay.truth["divisions"][cells] == planted


def test_the_dose_that_halves_growth_does_so() -> None:
    for divisions in (1.5, 3.0):
        dose = CHEMOTHERAPY.gr50_nM(divisions)
        assert dose is not None
        grown = math.log2(2**divisions * CHEMOTHERAPY.viability(dose)) / divisions
        assert 2**grown - 1 == pytest.approx(0.5)
    assert GLYCOSIDE.gr50_nM(3.0) is None  # 0.75 ** 3 < 0.6: never that slow


def test_half_of_the_effect_is_reached_at_the_half_effective_dose() -> None:
    curve = Hill(ec50_nM=40, hill=2, bottom=0.1)
    assert curve.viability(40) == pytest.approx((1 + 0.1) / 2)
    assert curve.viability(0) == 1
    assert curve.viability(80, math.log(2)) == pytest.approx((1 + 0.1) / 2)
    tolerant = curve.tolerant(math.log(3))
    assert tolerant.ec50_nM == pytest.approx(120)
    assert tolerant.bottom / (1 - tolerant.bottom) == pytest.approx(3 * 0.1 / 0.9)


def test_only_the_dial_makes_ancestral_cells_tolerant() -> None:
    full, half = viability_plates().truth, viability_plates(effect={"C4": 0.5}).truth
    null = viability_plates(null=True)
    assert full["log2_ec50_ratio"]["chemotherapy"] == pytest.approx(DIALS["C4"].default / math.log(2))
    assert half["log2_ec50_ratio"]["chemotherapy"] == pytest.approx(full["log2_ec50_ratio"]["chemotherapy"] / 2)
    assert full["log2_ec50_ratio"]["glycoside"] == 0
    for drug in ("chemotherapy", "glycoside"):
        ancestral, other = (null.truth["response"][drug][cells] for cells in ("ancestral", "other"))
        assert ancestral == pytest.approx(other | {"gr50_nM": ancestral["gr50_nM"]})
    assert null.truth["plate_factor"] == viability_plates().truth["plate_factor"]


def test_z_prime_and_well_noise_are_as_promised() -> None:
    assay = viability_plates(plates=300)
    table = assay.table
    wells = table[table["row"].between("B", "G") & (table["column"] == 11) & (table["role"] == "control")]
    blank = table.loc[table["role"] == "blank", "luminescence"]
    for cells, promised in assay.truth["z_prime"].items():
        mine = wells[wells["cells"] == cells].groupby("plate")["luminescence"]
        spread = math.sqrt((mine.var() / mine.mean() ** 2).mean()) * mine.mean().mean()
        seen = 1 - 3 * (spread + blank.std()) / (mine.mean().mean() - blank.mean())
        assert seen == pytest.approx(promised, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"plates": 0}, "number of plates is 0; give a whole number from 1"),
        ({"plates": 2.5}, "whole number"),
        ({"noise": -0.1}, "noise is -0.1"),
        ({"edge": 0.9}, "edge effect is 0.9"),
        ({"ancestral_doubling_hours": 0}, "doubling time of ancestral cells in hours is 0"),
        ({"other_doubling_hours": float("nan")}, "doubling time of other cells"),
        ({"seed": -1}, "seed is -1"),
        ({"effect": {"C44": 1}}, "did you mean C4"),
    ],
)
def test_impossible_plates_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        viability_plates(**arguments)
    assert "\n" not in str(caught.value)
