"""Simulated two-drug matrices against closed forms and their own truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.pairs import CHEMOTHERAPY_NM, GLYCOSIDE_NM, Surface, two_drugs
from fxyd3.data.simulate.plates import Hill
from fxyd3.errors import InputError

SHARE, SLOPE, DOSE = st.floats(0.01, 0.99), st.floats(0.3, 4), st.floats(0, 1e5)
ONE, TWO = Hill(ec50_nM=300, hill=1.2, bottom=0.4), Hill(ec50_nM=12, hill=1.7, bottom=0.7)


@given(SHARE, SHARE, SLOPE, SLOPE, DOSE, DOSE)
def test_without_synergy_the_surface_is_bliss_independence(
    e1: float, e2: float, h1: float, h2: float, d1: float, d2: float
) -> None:
    surface = Surface(Hill(300, h1, e1), Hill(12, h2, e2), e1 * e2, 0.0)
    alone = surface.viability(d1, 0) * surface.viability(0, d2)
    assert surface.viability(d1, d2) == pytest.approx(alone, rel=1e-9)
    assert surface.bliss_excess(d1, d2) == pytest.approx(0, abs=1e-12)


@given(st.floats(-3, 3), SHARE, DOSE)
def test_either_drug_alone_follows_its_own_curve(log2_alpha: float, e3: float, dose: float) -> None:
    surface = Surface(ONE, TWO, e3, log2_alpha)
    assert surface.viability(dose, 0) == pytest.approx(ONE.viability(dose))
    assert surface.viability(0, dose) == pytest.approx(TWO.viability(dose))
    assert surface.viability(1e12, 1e12) == pytest.approx(e3, rel=1e-4)


@pytest.mark.parametrize("glycoside", [0.0, 3.0, 40.0, 1e9])
def test_the_fall_is_that_of_the_dose_with_half_of_the_effect(glycoside: float) -> None:
    surface = Surface(ONE, TWO, 0.1, 2.0)
    ends = surface.viability([0, 1e15], glycoside)
    half = brentq(lambda log2: surface.viability(2**log2, glycoside) - ends.mean(), -20, 30)
    assert surface.fall(glycoside) == pytest.approx(math.log2(300) - half, abs=1e-6)
    if glycoside == 1e9:
        assert surface.fall(glycoside) == pytest.approx(2, abs=1e-6)
    if glycoside == 0:
        assert surface.fall(glycoside) == 0


def test_every_pair_of_doses_is_there_and_neither_drug_alone_is_missing() -> None:
    table = two_drugs(experiments=3).table
    assert list(table) == [
        "experiment", "plate", "cells", "chemotherapy_nM", "glycoside_nM", "replicate", "viability",
    ]  # fmt: skip
    assert (table.groupby("plate").size() == 96).all()
    assert table.groupby(["experiment", "cells"])["plate"].nunique().eq(1).all()
    assert set(table["chemotherapy_nM"]) == {0.0, *CHEMOTHERAPY_NM}
    assert set(table["glycoside_nM"]) == {0.0, *GLYCOSIDE_NM}
    neither = table[(table["chemotherapy_nM"] == 0) & (table["glycoside_nM"] == 0)]
    assert np.allclose(neither.groupby("plate")["viability"].mean(), 1)
    assert (table["viability"] > 0).all()


def test_glycoside_doses_span_the_clinical_range_of_digoxin_and_more() -> None:
    low, high = 0.5 * 1.28, 2.0 * 1.28  # ng/mL times nM per ng/mL
    assert min(GLYCOSIDE_NM) == pytest.approx(low)
    assert high in [pytest.approx(dose) for dose in GLYCOSIDE_NM]
    assert max(GLYCOSIDE_NM) > 10 * high


def test_same_seed_same_table_other_seed_other_table() -> None:
    pd.testing.assert_frame_equal(two_drugs(seed=5).table, two_drugs(seed=5).table)
    assert not two_drugs(seed=5).table.equals(two_drugs(seed=6).table)
    assert two_drugs(seed=5).truth == two_drugs(seed=6).truth
    json.dumps(two_drugs().truth, allow_nan=False)


def test_wells_follow_the_planted_surface() -> None:
    assay = two_drugs(experiments=400, replicates=1, noise=0.0)
    doses = ["chemotherapy_nM", "glycoside_nM"]
    for who, wells in assay.table.groupby("cells"):
        p = assay.truth["surface"][who]
        seen = wells.groupby(doses)["viability"].agg(["median", "std"]).reset_index()
        x = (seen["chemotherapy_nM"] / p["chemotherapy_ec50_nM"]) ** p["chemotherapy_hill"]
        y = (seen["glycoside_nM"] / p["glycoside_ec50_nM"]) ** p["glycoside_hill"]
        xy = 2 ** (p["chemotherapy_log2_shift"] * p["chemotherapy_hill"]) * x * y
        expected = (p["e0"] + x * p["e1"] + y * p["e2"] + xy * p["e3"]) / (1 + x + y + xy)
        assert (np.abs(seen["median"] - expected) <= 5 * 1.25 * seen["std"] / 20 + 1e-9).all()
        assert p["glycoside_log2_shift"] * p["glycoside_hill"] == pytest.approx(
            p["chemotherapy_log2_shift"] * p["chemotherapy_hill"]  # detailed balance
        )


def test_the_null_plants_no_difference_and_no_synergy() -> None:
    truth = two_drugs(null=True).truth
    assert truth["surface"]["FXYD3-high"] == pytest.approx(truth["surface"]["FXYD3-low"])
    assert truth["bliss_excess_mean"]["FXYD3-high"] == pytest.approx(0, abs=1e-12)
    assert truth["log2_fall_beyond_low"] == {"saturating": 0, "highest": 0}
    assert all(row["FXYD3-high"] == 0 for row in truth["log2_fall"])


def test_each_dial_turns_its_own_effect() -> None:
    c6, c7 = (two_drugs(effect={"C4": 0, other: 0}).truth for other in ("C7", "C6"))
    high, low = "FXYD3-high", "FXYD3-low"
    assert c6["log2_fall_beyond_low"]["saturating"] == DIALS["C6"].default
    assert c7["log2_fall_beyond_low"]["saturating"] == 0
    ratio = {name: t["surface"][high]["e3"] / t["surface"][low]["e3"] for name, t in (("C6", c6), ("C7", c7))}
    assert ratio["C6"] == pytest.approx(1)
    assert math.log(ratio["C7"]) == pytest.approx(-DIALS["C7"].default)
    excess = [two_drugs(effect={"C7": turn}).truth["bliss_excess_mean"][high] for turn in (0, 0.5, 1)]
    assert excess == sorted(excess)
    assert len(set(excess)) == 3
    assert two_drugs().truth["bliss_excess_mean"][low] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"glycoside_nM": (0, 1)}, "glycoside doses in nM is 0; give a number above 0"),
        ({"glycoside_nM": (1, -2)}, "glycoside doses in nM is -2"),
        ({"chemotherapy_nM": ()}, "at least 1"),
        ({"chemotherapy_nM": (5, 5)}, "all different"),
        ({"experiments": 0}, "number of experiments is 0"),
        ({"replicates": 0}, "number of replicates is 0"),
        ({"noise": 2}, "noise is 2"),
        ({"null": True, "effect": {"C6": 1}}, "leave out"),
    ],
)
def test_impossible_matrices_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        two_drugs(**arguments)
    assert "\n" not in str(caught.value)
