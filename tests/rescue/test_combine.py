"""Two-drug models against closed forms, planted surfaces, drugs combined with themselves, and each other."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from tests.pace import pace

from fxyd3.data.simulate import two_drugs
from fxyd3.data.simulate.pairs import CHEMOTHERAPY_NM, GLYCOSIDE_NM, Surface
from fxyd3.data.simulate.plates import Hill
from fxyd3.errors import InputError
from fxyd3.rescue._combine import EXPECTS, Combination, combine, disagreement

ONE, TWO = np.array([0, *CHEMOTHERAPY_NM]), np.array([0, *GLYCOSIDE_NM])
GLYCOSIDE = Hill(ec50_nM=10, hill=1.5, bottom=0.6)
STRONG = Surface(Hill(ec50_nM=1650, hill=1.0, bottom=0.5), GLYCOSIDE, 0.1, 2.0)
NONE = Surface(Hill(ec50_nM=330, hill=1.0, bottom=0.2), GLYCOSIDE, 0.12, 0.0)
QUICK = "bliss", "hsa", "zip"


def matrix(response: Callable[..., np.ndarray], one: np.ndarray = ONE, two: np.ndarray = TWO) -> pd.DataFrame:
    x, y = (each.ravel() for each in np.meshgrid(one, two, indexing="ij"))
    return pd.DataFrame({"chemotherapy_nM": x, "glycoside_nM": y, "viability": response(x, y)})


def needed(hill: Hill, effect: np.ndarray) -> np.ndarray:
    """The dose of one drug that has the effect; NaN where it cannot have it."""
    with np.errstate(invalid="ignore"):
        return np.asarray(hill.ec50_nM * ((1 - effect) / (effect - hill.bottom)) ** (1 / hill.hill))


@pytest.fixture(scope="module", params=[STRONG, NONE], ids=["planted", "none"])
def noiseless(request: pytest.FixtureRequest) -> tuple[Surface, Combination]:
    return request.param, combine(matrix(request.param.viability))


def test_bliss_zip_and_hsa_are_closed_forms(noiseless: tuple[Surface, Combination]) -> None:
    surface, found = noiseless
    beyond = surface.bliss_excess(ONE[1:, None], TWO[1:])
    alone = surface.chemotherapy.viability(ONE[1:])[:, None], surface.glycoside.viability(TWO[1:])
    hsa = np.minimum(*alone) - surface.viability(ONE[1:, None], TWO[1:])
    for name, expected in {"bliss": beyond, "zip": beyond, "hsa": hsa}.items():
        model = found.models[name]
        np.testing.assert_allclose(model.excess[1:, 1:], expected, atol=1e-6, err_msg=name)
        assert model.estimate == pytest.approx(expected.mean(), abs=1e-6)
        assert not model.excess[0].any()
        assert not model.excess[:, 0].any()
        assert (model.failed, model.interval, model.call) == (0, None, "no interval")
    assert found.missing.startswith("no replicates")


def test_loewe_solves_its_equation_or_takes_the_stronger_drug(noiseless: tuple[Surface, Combination]) -> None:
    surface, found = noiseless
    one, two = surface.chemotherapy, surface.glycoside
    edge = max(one.bottom, two.bottom)
    for i, a in enumerate(ONE[1:], start=1):
        for j, b in enumerate(TWO[1:], start=1):
            effects = float(one.viability(a)), float(two.viability(b))
            expected = min(effects)
            if expected > edge:
                expected = optimize.brentq(
                    lambda e, a=a, b=b: a / needed(one, e) + b / needed(two, e) - 1,
                    edge + 1e-12,
                    min(effects),
                    xtol=1e-14,
                )
            assert found.models["loewe"].expected[i, j] == pytest.approx(expected, abs=1e-6)


def test_the_combination_index_is_the_sum_of_dose_shares(noiseless: tuple[Surface, Combination]) -> None:
    surface, found = noiseless
    effect = surface.viability(ONE[:, None], TWO)
    with np.errstate(invalid="ignore"):
        index = ONE[:, None] / needed(surface.chemotherapy, effect) + TWO / needed(surface.glycoside, effect)
    index[0], index[:, 0] = np.nan, np.nan
    seen = found.surface["combination_index"].to_numpy().reshape(index.shape)
    np.testing.assert_allclose(seen, index, rtol=1e-6)
    assert np.isnan(index[1:, 1:]).any()  # pairs that do what one drug cannot
    usual = found.models["loewe"].parameters.loc["log2_combination_index", "estimate"]
    assert usual == pytest.approx(np.nanmean(np.log2(index)), abs=1e-6)


def test_musyc_returns_the_planted_shifts_and_effect(noiseless: tuple[Surface, Combination]) -> None:
    surface, found = noiseless
    strongest = min(surface.chemotherapy.bottom, surface.glycoside.bottom)
    truth = {
        "log2_shift_first": surface.log2_alpha,
        "log2_shift_second": surface.log2_alpha * surface.chemotherapy.hill / surface.glycoside.hill,
        "beta": (strongest - surface.e3) / (1 - strongest),
    }
    assert found.models["musyc"].parameters["estimate"].to_dict() == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("dilution", [1, 10])
def test_a_drug_with_itself_is_additive_under_loewe_and_braid_and_nothing_else(dilution: int) -> None:
    doses, drug = np.array([0, 12.5, 25, 50, 100, 200, 400]), Hill(ec50_nM=100, hill=1.3, bottom=0.1)
    found = combine(matrix(lambda x, y: drug.viability(x + dilution * y), doses, doses / dilution))
    np.testing.assert_allclose(found.models["loewe"].excess, 0, atol=1e-6)
    np.testing.assert_allclose(found.surface["combination_index"].dropna(), 1, atol=1e-6)
    np.testing.assert_allclose(found.models["braid"].excess, 0, atol=1e-6)
    assert found.models["braid"].parameters.loc["kappa", "estimate"] == pytest.approx(0, abs=1e-6)
    closed = drug.viability(doses)[:, None] * drug.viability(doses) - drug.viability(doses[:, None] + doses)
    np.testing.assert_allclose(found.models["bliss"].excess, closed, atol=1e-12)
    assert closed.min() < -0.1
    assert (found.models["hsa"].excess[1:, 1:] > 0).all()


def test_a_steep_drug_with_itself_is_called_synergy_by_bliss_only() -> None:
    doses, drug = np.array([0, 12.5, 25, 50, 100, 200, 400]), Hill(ec50_nM=100, hill=3, bottom=0.02)
    rng = np.random.default_rng(4)
    table = pd.concat([matrix(lambda x, y: drug.viability(x + y), doses, doses).assign(experiment=e) for e in "abcd"])
    table["viability"] *= np.exp(rng.normal(0, 0.03, len(table)))
    found = combine(table, models=["bliss", "loewe"], resamples=100)
    assert found.models["bliss"].call == "synergy"
    assert found.models["loewe"].call == "neither"


def test_without_interaction_bliss_says_neither_as_often_as_promised() -> None:
    calls, covered, bias = [], 0, []
    for seed in range(60):
        wells = two_drugs(seed=seed, null=True).table
        found = combine(wells[wells["cells"] == "FXYD3-high"], models=QUICK[:1], resamples=100).models["bliss"]
        assert found.interval is not None
        calls.append(found.call)
        covered += found.interval.lower <= 0 <= found.interval.upper
        bias.append(found.estimate)
    assert covered == calls.count("neither") >= stats.binom.ppf(0.001, 60, 0.95)
    assert abs(stats.ttest_1samp(bias, 0).statistic) < 3.3


def test_planted_synergy_is_found_where_it_was_planted_and_covered() -> None:
    calls: dict[str, list[str]] = {"FXYD3-high": [], "FXYD3-low": []}
    covered = dict.fromkeys(calls, 0)
    for seed in range(40):
        twin = two_drugs(seed=seed)
        for cells, own in twin.table.groupby("cells"):
            found = combine(own, models=QUICK[:1], resamples=100).models["bliss"]
            assert found.interval is not None
            calls[cells].append(found.call)
            covered[cells] += found.interval.lower <= twin.truth["bliss_excess_mean"][cells] <= found.interval.upper
    fewest = stats.binom.ppf(0.001, 40, 0.95)
    assert calls["FXYD3-high"] == ["synergy"] * 40
    assert calls["FXYD3-low"].count("neither") >= fewest
    assert min(covered.values()) >= fewest


@pytest.mark.slow
def test_without_interaction_musyc_finds_no_shift_as_often_as_promised() -> None:
    holds = []
    for seed in range(20):
        wells = two_drugs(seed=seed, null=True).table
        found = combine(wells[wells["cells"] == "FXYD3-high"], models=["musyc"], resamples=100).models["musyc"]
        shifts = found.parameters.loc[["log2_shift_first", "log2_shift_second"]]
        holds.append((shifts["lower"] <= 0) & (shifts["upper"] >= 0))
    assert (np.sum(holds, axis=0) >= stats.binom.ppf(0.001, 20, 0.95)).all()


def test_models_that_compare_with_the_stronger_drug_call_independent_drugs_synergy() -> None:
    wells = two_drugs(seed=3, null=True).table
    found = combine(wells[wells["cells"] == "FXYD3-low"], models=["bliss", "hsa", "loewe", "musyc"], resamples=60)
    assert {name: model.call for name, model in found.models.items()} == {
        "bliss": "neither", "hsa": "synergy", "loewe": "synergy", "musyc": "synergy",
    }  # fmt: skip
    parameters = found.models["musyc"].parameters
    holds = (parameters["lower"] <= 0) & (parameters["upper"] >= 0)
    assert holds.to_dict() == {"log2_shift_first": True, "log2_shift_second": True, "beta": False}
    assert (found.n, found.unit, found.missing) == (4, "experiments", "")
    assert (found.summary()["expects"] == [EXPECTS[name] for name in found.models]).all()


def test_disagreement_tells_calls_and_the_pair_of_doses_where_two_models_part() -> None:
    wells = two_drugs(seed=3, null=True).table
    found = combine(wells[wells["cells"] == "FXYD3-low"], models=["bliss", "hsa", "loewe"], resamples=60)
    table = disagreement(found)
    assert set(zip(table["model"], table["other"], strict=True)) == {
        ("bliss", "hsa"), ("bliss", "loewe"), ("hsa", "loewe"),
    }  # fmt: skip
    gap = (table["excess"] - table["other_excess"]).abs()
    assert gap.is_monotonic_decreasing
    row = table[(table["model"] == "bliss") & (table["other"] == "loewe")].iloc[0]
    surface = found.surface
    apart = (surface["bliss_excess"] - surface["loewe_excess"]).abs()
    where = surface.loc[apart.idxmax()]
    assert [row["chemotherapy_nM"], row["glycoside_nM"], row["excess"], row["other_excess"]] == pytest.approx(
        [where["chemotherapy_nM"], where["glycoside_nM"], where["bliss_excess"], where["loewe_excess"]]
    )
    assert (row["call"], row["other_call"]) == ("neither", "synergy")


@pytest.fixture(scope="module")
def wells() -> pd.DataFrame:
    twin = two_drugs(seed=2, experiments=3).table
    return twin[twin["cells"] == "FXYD3-high"].reset_index(drop=True)


def same(one: Combination, two: Combination) -> None:
    pd.testing.assert_frame_equal(one.summary(), two.summary(), rtol=1e-9)
    np.testing.assert_allclose(one.surface.iloc[:, 2:], two.surface.iloc[:, 2:], rtol=1e-9)


def test_order_of_rows_names_and_unit_change_nothing(wells: pd.DataFrame) -> None:
    found = combine(wells, models=QUICK, resamples=20)
    same(found, combine(wells.sample(frac=1, random_state=1), models=QUICK, resamples=20))
    other = wells.assign(
        day=wells["experiment"].map({"E1": 1, "E2": 2, "E3": 3}),
        light=wells["viability"] * wells["experiment"].map({"E1": 100.0, "E2": 5e5, "E3": 7.0}),
    ).rename(columns={"chemotherapy_nM": "a", "glycoside_nM": "b"})
    renamed = combine(other, first="a", second="b", response="light", experiment="day", models=QUICK, resamples=20)
    same(found, renamed)
    assert list(renamed.surface.columns[:3]) == ["a", "b", "response"]


def test_drugs_may_change_places(wells: pd.DataFrame) -> None:
    models = ["bliss", "hsa", "loewe", "zip", "musyc", "braid"]
    found = combine(wells, models=models, resamples=2)
    turned = combine(wells, first="glycoside_nM", second="chemotherapy_nM", models=models, resamples=2)
    for name in models:
        tolerance = 1e-3 if name in ("musyc", "braid") else 1e-6
        np.testing.assert_allclose(
            turned.models[name].excess.T, found.models[name].excess, atol=tolerance, err_msg=name
        )


def test_units_of_dose_scale_nothing_but_the_doses(wells: pd.DataFrame) -> None:
    found = combine(wells, models=["bliss", "loewe", "zip"], resamples=2)
    micro = wells.assign(chemotherapy_nM=wells["chemotherapy_nM"] / 1000)
    scaled = combine(micro, models=["bliss", "loewe", "zip"], resamples=2)
    np.testing.assert_allclose(scaled.surface.iloc[:, 2:], found.surface.iloc[:, 2:], rtol=1e-5, atol=1e-6)


def test_one_experiment_resamples_its_wells(wells: pd.DataFrame) -> None:
    found = combine(wells[wells["experiment"] == "E1"], models=["bliss"])
    assert (found.n, found.unit, found.missing) == (96, "wells", "")
    without = combine(wells[wells["experiment"] == "E1"].drop(columns="experiment"), models=["bliss"])
    assert without.models["bliss"].interval == found.models["bliss"].interval
    assert found.models["bliss"].interval is not None


def test_more_confidence_is_wider(wells: pd.DataFrame) -> None:
    narrow, wide = (combine(wells, models=["bliss"], confidence=c).models["bliss"].interval for c in (0.8, 0.99))
    assert narrow is not None
    assert wide is not None
    assert wide.lower < narrow.lower < narrow.estimate < narrow.upper < wide.upper
    assert (wide.upper - wide.lower) / (narrow.upper - narrow.lower) == pytest.approx(
        stats.t.ppf(0.995, 2) / stats.t.ppf(0.9, 2)
    )


def is_at(table: pd.DataFrame, chemotherapy: float, glycoside: float) -> pd.Series:
    return (table["chemotherapy_nM"] == chemotherapy) & (table["glycoside_nM"] == glycoside)


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "column": (lambda t: t.rename(columns={"viability": "viabilty"}), "no column 'viability'.*viabilty"),
    "rows": (lambda t: t[:0], "has no rows"),
    "cells": (lambda t: t.assign(cells=np.arange(len(t)) % 2), "several kinds of cells"),
    "negative": (lambda t: t.assign(glycoside_nM=-t["glycoside_nM"]), "'glycoside_nM' holds .*0 or more"),
    "gap": (lambda t: t.assign(viability=t["viability"].where(t.index > 3)), "'viability' holds nan"),
    "text": (lambda t: t.assign(chemotherapy_nM="high"), "'chemotherapy_nM' holds values that are not numbers"),
    "control": (lambda t: t[~is_at(t, 0, 0)], "E1 has no wells with neither drug"),
    "zero": (lambda t: t[t["glycoside_nM"] > 0], "E1 has no wells with neither drug"),
    "alone": (lambda t: t[~is_at(t, 0, 2.56)], "E1 has no wells of glycoside_nM alone at 2.56"),
    "pair": (lambda t: t[~is_at(t, 10_000, 2.56)], "E1 has no wells at 10000 with 2.56"),
    "doses": (lambda t: t[t["glycoside_nM"].isin([0, 0.64, 2.56])], "'glycoside_nM' has 2 doses above zero"),
    "one dose": (lambda t: t[t["chemotherapy_nM"].isin([0, 10_000])], "'chemotherapy_nM' has 1 dose"),
    "dead": (lambda t: t.assign(viability=0.0), "neither drug read 0"),
}


@pytest.mark.parametrize("what", list(BAD))
def test_bad_tables_are_told(wells: pd.DataFrame, what: str) -> None:
    spoil, says = BAD[what]
    with pytest.raises(InputError, match=says):
        combine(spoil(wells))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"models": ["blis"]}, "no model 'blis'.*bliss"),
        ({"confidence": 95}, "confidence is 95"),
        ({"resamples": 1}, "resamples is 1"),
    ],
)
def test_bad_options_are_told(wells: pd.DataFrame, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        combine(wells, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_ten_by_ten_with_all_models_and_200_resamples_is_quick() -> None:
    doses = {"chemotherapy_nM": 20 * 2.0 ** np.arange(9), "glycoside_nM": 0.64 * 2.0 ** np.arange(9)}
    twin = two_drugs(seed=1, experiments=1, **doses).table  # type: ignore[arg-type]
    begun = time.process_time()
    found = combine(twin[twin["cells"] == "FXYD3-high"], resamples=200)
    assert time.process_time() - begun < 60 * pace()
    assert found.response.shape == (10, 10)
    assert all(model.interval is not None and model.failed < 10 for model in found.models.values())


@pytest.mark.real
def test_real_blocks_without_replicates_have_numbers_but_no_verdict(real_data: Path) -> None:
    table = pd.read_csv(real_data / "mathews_screening_data.csv")
    found = {
        block: combine(own, first="conc_r", second="conc_c", response="response")
        for block, own in table.groupby("drug_row")
    }
    for each in found.values():
        assert all(np.isfinite(model.excess).all() for model in each.models.values())
        assert set(each.summary()["call"]) == {"no interval"}
        assert each.missing.startswith("no replicates")
    assert all(model.estimate > 0 for model in found["ispinesib"].models.values())
    assert all(model.estimate < 0 for model in found["canertinib"].models.values())
    assert found["ispinesib"].surface["combination_index"].isna().all()  # ispinesib alone stops at a third alive
    assert np.isnan(found["ispinesib"].models["loewe"].parameters["estimate"]).all()
    first = disagreement(found["canertinib"]).iloc[0]
    assert {first["model"], first["other"]} <= set(EXPECTS)
    assert np.sign(first["excess"]) != np.sign(first["other_excess"])


@pytest.mark.real
def test_real_surfaces_are_the_same_with_the_drugs_either_way_round(real_data: Path) -> None:
    screen = pd.read_csv(real_data / "mathews_screening_data.csv").rename(columns={"response": "viability"})
    for _, own in screen.groupby("block_id"):
        one = combine(own, first="conc_r", second="conc_c", resamples=2)
        two = combine(own, first="conc_c", second="conc_r", resamples=2)
        excess, turned = (found.summary().set_index("model")["excess"] for found in (one, two))
        assert turned.tolist() == pytest.approx(excess.tolist(), abs=1e-4)
