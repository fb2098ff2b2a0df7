"""Sensitivity: exact zeros, sums that theory fixes, a closed form, both methods alike; the prediction; bad input."""

import time

import numpy as np
import pandas as pd
import pytest

from fxyd3.errors import InputError
from fxyd3.rescue._pump import PumpLeak
from fxyd3.rescue._sensitivity import AT_REST, _losses, _with, sensitivity, tolerance_prediction


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sensitivity(samples=1024)


def test_chloride_leaks_without_any_effect_and_shares_add_up(table: pd.DataFrame) -> None:
    assert list(table["parameter"][:9]) == list(AT_REST)
    total = table.pivot_table(index="parameter", columns="output", values="total")
    first = table.pivot_table(index="parameter", columns="output", values="first")
    np.testing.assert_allclose(total.loc["g_cl"], 0, atol=1e-12)
    assert (first.sum() < 1.05).all()
    assert (total.sum() > 0.95).all()
    assert (first <= total + 0.05).all().all()
    assert ((table["total_lower"] <= table["total"]) & (table["total"] <= table["total_upper"])).all()


def test_a_parameter_that_only_scales_decides_volume_alone() -> None:
    ranges = {"impermeant_fmol": (140.0, 550.0), "g_cl": (0.002, 0.02)}
    only = sensitivity(ranges=ranges, outputs="volume", samples=512).set_index("parameter")
    np.testing.assert_allclose(only.loc["impermeant_fmol", ["first", "total"]].astype(float), 1, atol=0.02)
    np.testing.assert_allclose(only.loc["g_cl", ["first", "total"]].astype(float), 0, atol=1e-12)


def test_elementary_effects_rank_as_shares_of_variance_do(table: pd.DataFrame) -> None:
    morris = sensitivity(method="morris", samples=200)
    for output in ("sodium", "voltage"):
        by_share = table[table["output"] == output].set_index("parameter")["total"].nlargest(2)
        by_effect = morris[morris["output"] == output].set_index("parameter")["mu_star"].nlargest(2)
        assert set(by_share.index) == set(by_effect.index)
    assert (morris.loc[morris["parameter"] == "g_cl", "mu_star"] < 1e-9).all()


def test_a_seed_gives_the_same_again_and_it_is_fast() -> None:
    begin = time.process_time()
    once = sensitivity(block=0.5, samples=512, seed=3)
    assert time.process_time() - begin < 10
    pd.testing.assert_frame_equal(once, sensitivity(block=0.5, samples=512, seed=3))
    assert not once.equals(sensitivity(block=0.5, samples=512, seed=4))


def test_the_prediction_is_a_description_with_its_spread() -> None:
    found = tolerance_prediction()
    table = found.table
    assert found.missing.startswith("measurements")
    assert list(dict.fromkeys(table["form"])) == ["mouse", "human short", "human long", "protected"]
    assert ((table["lower"] <= table["difference"]) & (table["difference"] <= table["upper"])).all()
    assert table["loses_more"].between(0, 1).all()
    told = found.summary()
    pd.testing.assert_series_equal(told.loc["mouse"], told.loc["human short"], check_names=False)
    # what one cell does, by the full model: a lower affinity leaves less in reserve, a higher one for sodium more
    cell = PumpLeak()

    def gained(one: PumpLeak) -> float:
        return float(one.rest(block=0.5)["sodium_mM"] - one.rest()["sodium_mM"])

    assert gained(cell.with_fxyd3("mouse", fold=1.5)) > gained(cell) > gained(cell.with_fxyd3("human long", fold=1.5))
    assert told.loc["mouse", "sodium gained"] > 0.5 > told.loc["human long", "sodium gained"]


@pytest.mark.parametrize("form", ["mouse", "human short", "human long"])
def test_a_loss_in_the_prediction_is_that_of_the_full_model(form: str) -> None:
    cell = PumpLeak()
    fxyd3 = cell.with_fxyd3(form, fold=1.5)
    quick = _losses(_with(vars(cell), form, np.array([1.5])), 0.5)
    rest, then = fxyd3.rest(), fxyd3.rest(block=0.5)
    assert quick["sodium gained"][0] == pytest.approx(then["sodium_mM"] - rest["sodium_mM"], rel=1e-3)
    assert quick["potassium lost"][0] == pytest.approx(rest["potassium_mM"] - then["potassium_mM"], rel=1e-3)
    assert quick["voltage lost"][0] == pytest.approx(then["voltage_mV"] - rest["voltage_mV"], abs=1e-2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: sensitivity("pressure"), "no output 'pressure': choose of sodium, potassium, voltage, volume"),
        (lambda: sensitivity([]), "no output ''"),
        (lambda: sensitivity(method="fast"), "no method 'fast'"),  # type: ignore[arg-type]
        (lambda: sensitivity(block=1.0), "The block is 1.0"),
        (lambda: sensitivity(samples=500), "500 samples: give a power of two"),
        (lambda: sensitivity(method="morris", samples=2), "2 trajectories"),
        (lambda: sensitivity(ranges={}), "There is no range"),
        (lambda: sensitivity(ranges={"g_naa": (1, 2)}), "no parameter 'g_naa'"),
        (lambda: sensitivity(ranges={"g_na": (2, 1)}), "The range of g_na is"),
        (lambda: sensitivity(ranges={"g_na": (0.0, 1.0)}), "g_na is 0: each ion needs a leak"),
        (lambda: sensitivity(ranges={"g_na": (0.001, 1.0)}), "cells have no steady state within these ranges"),
        (lambda: tolerance_prediction(block=1.0), "The block is 1.0"),
        (lambda: tolerance_prediction(hours=0), "lasts 0 hours"),
        (lambda: tolerance_prediction(samples=100), "100 samples: give a power of two"),
    ],
)
def test_bad_input_in_one_sentence(call, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        call()
