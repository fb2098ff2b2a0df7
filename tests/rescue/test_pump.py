"""The pump-leak cell: its closed form, what must be conserved, limits that physics fixes, and every bad input."""

import time
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate
from tests.pace import pace

from fxyd3.errors import InputError
from fxyd3.rescue._pump import PumpLeak
from fxyd3.rescue._pump_parameters import parameters, pump_rate, steady
from fxyd3.rescue._pump_run import conservation, flows

CELL = PumpLeak()
UNCHARGED = replace(CELL, capacitance=1e-4)  # hardly any charge inside: the closed form holds to 1e-9
IONS = ["sodium_mM", "potassium_mM", "chloride_mM"]


def closed_form(cell: PumpLeak, current: float) -> pd.Series:
    """Kay 2017 for impermeant anions of charge -1: neutrality and osmotic balance at a constant net pump current."""
    thermal = 8.314462618 * (cell.temperature_c + 273.15) / 96485.33212 * 1000
    pull = cell.sodium_out * np.exp(-3 * current / cell.g_na / thermal)
    pull += cell.potassium_out * np.exp(2 * current / cell.g_k / thermal)
    out = cell.sodium_out + cell.potassium_out
    voltage = thermal * np.log(pull / out)
    sodium = cell.sodium_out * np.exp(-(voltage + 3 * current / cell.g_na) / thermal)
    potassium = cell.potassium_out * np.exp(-(voltage - 2 * current / cell.g_k) / thermal)
    chloride = out * np.exp(voltage / thermal)
    impermeant = 2 * out - sodium - potassium - chloride
    values = [sodium, potassium, chloride, impermeant, voltage, cell.impermeant_fmol / impermeant]
    return pd.Series(values, index=[*IONS, "impermeant_mM", "voltage_mV", "volume_pL"])


@pytest.mark.parametrize("block", [0.0, 0.5, 0.9])
def test_the_rest_state_is_the_closed_form_at_the_rate_that_the_pump_has_there(block: float) -> None:
    rest = UNCHARGED.rest(block=block)
    expected = closed_form(UNCHARGED, rest["pump_current"])
    pd.testing.assert_series_equal(rest[expected.index], expected, rtol=1e-6)
    rate = (1 - block) * pump_rate(vars(UNCHARGED), rest["sodium_mM"], rest["voltage_mV"])
    assert rest["pump_current"] == pytest.approx(float(rate), rel=1e-12)


def test_what_the_charge_inside_adds_to_the_closed_form_falls_with_the_capacitance() -> None:
    def gap(cell: PumpLeak) -> float:
        rest = cell.rest()
        return float(rest["volume_pL"] / closed_form(cell, rest["pump_current"])["volume_pL"] - 1)

    assert abs(gap(CELL)) < 1e-4
    assert gap(replace(CELL, capacitance=0.1)) == pytest.approx(0.1 * gap(CELL), rel=1e-3)


@pytest.mark.parametrize("charge", [-0.8, -1.0, -1.4])
def test_many_cells_at_once_agree_with_one_cell_and_with_both_balances(charge: float) -> None:
    cell = replace(UNCHARGED, impermeant_charge=charge)
    rest, many = cell.rest(), steady({**vars(cell), "g_na": np.array([0.001, cell.g_na])})
    for name, unit in (("sodium", "mM"), ("potassium", "mM"), ("chloride", "mM"), ("voltage", "mV"), ("volume", "pL")):
        assert many[name][1] == pytest.approx(rest[f"{name}_{unit}"], rel=1e-6)
    inside = many["sodium"] + many["potassium"]
    impermeant = cell.impermeant_fmol / many["volume"]
    np.testing.assert_allclose(inside - many["chloride"] + charge * impermeant, 0, atol=1e-9)
    np.testing.assert_allclose(inside + many["chloride"] + impermeant, 2 * (cell.sodium_out + cell.potassium_out))


def test_a_cell_at_rest_stays_there_and_one_pushed_away_comes_back() -> None:
    still = CELL.run(24).table
    np.testing.assert_allclose(still[[*IONS, "voltage_mV", "volume"]].std() / still[IONS[0]].iloc[0], 0, atol=1e-7)
    pushed = CELL.run(6, block=1.0)
    assert pushed.table["sodium_mM"].iloc[-1] > 5 * still["sodium_mM"].iloc[0]
    back = CELL.run(500, start=pushed).table.iloc[-1]
    pd.testing.assert_series_equal(back, still.iloc[-1].rename(back.name).replace({24.0: 500.0}), rtol=1e-4, atol=1e-6)


def test_a_share_blocked_for_long_leads_to_its_own_steady_state() -> None:
    end, rest = CELL.run(500, block=0.5).table.iloc[-1], CELL.rest(block=0.5)
    for name in (*IONS, "voltage_mV"):
        assert end[name] == pytest.approx(rest[name], rel=1e-5)
    assert end["volume"] == pytest.approx(rest["volume_pL"] / CELL.rest()["volume_pL"], rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"block": 0.5}, {"block": 1.0}, {"glycoside_nM": 3.0}, {"glycoside_nM": 1000.0},
                                 {"loss_per_hour": 0.2}])  # fmt: skip
def test_no_ion_and_no_charge_is_lost_over_a_day(how: dict) -> None:
    run = CELL.run(24, **how)
    assert list(run.conservation.index) == ["sodium", "potassium", "chloride", "charge"]
    assert (run.conservation < 1e-9).all()


def test_a_loss_would_be_seen() -> None:
    rest = CELL._rest(0.0)
    steps = np.tile(np.concatenate([rest, np.zeros(4)])[:, None], 3)
    assert conservation(CELL, steps).max() < 1e-12
    for row, name in enumerate(["sodium", "potassium", "chloride"]):
        leaky = steps.copy()
        leaky[row, 1] *= 1 + 1e-6
        found = conservation(CELL, leaky)
        assert found[name] == pytest.approx(1e-6, rel=1e-3)
        assert found["charge"] > 0


def test_another_solver_on_tighter_bounds_gives_the_same() -> None:
    run, dose = CELL.run(24, glycoside_nM=20), 20
    rate = CELL.k_on * dose + CELL.k_off

    def change(hours: float, y: np.ndarray) -> list[float]:
        return flows(CELL, y.tolist(), 1 - CELL.k_on * dose / rate * (1 - np.exp(-rate * hours)))

    begin = np.concatenate([CELL._rest(0.0), np.zeros(4)])
    other = integrate.solve_ivp(
        change, (0, 24), begin, method="Radau", rtol=1e-10, atol=1e-10, t_eval=run.table["hours"]
    )
    np.testing.assert_allclose(run.table["sodium_mM"], other.y[0] / other.y[4], rtol=1e-5)
    np.testing.assert_allclose(run.table["voltage_mV"], other.y[3], rtol=1e-5)
    np.testing.assert_allclose(run.table["volume"], other.y[4] / begin[4], rtol=1e-5)


def test_a_full_block_runs_the_cell_down_and_the_events_are_where_the_table_crosses() -> None:
    run = CELL.run(24, block=1.0)
    table = run.table
    assert (np.diff(table[["sodium_mM", "volume"]], axis=0) > 0).all()
    assert (np.diff(table["potassium_mM"]) < 0).all()
    assert (table["pump"] == 0).all()
    later = table[table["hours"] >= 1]  # before that, the pump's own share of the voltage goes at once
    assert (np.diff(later["voltage_mV"]) > 0).all()
    half = CELL.rest()["voltage_mV"] / 2
    assert np.interp(half, later["voltage_mV"], later["hours"]) == pytest.approx(run.events["depolarised"], rel=1e-3)
    assert np.interp(run.events["swollen"], table["hours"], table["volume"]) == pytest.approx(1.2, rel=1e-4)
    assert CELL.run(24).events.isna().all()
    assert run.summary()["swollen_hours"] == run.events["swollen"]
    assert run.summary()["sodium_mM"] == table["sodium_mM"].iloc[-1]


def test_a_glycoside_binds_and_leaves_as_the_law_of_mass_action_says() -> None:
    dose = 5.0
    run = CELL.run(24, glycoside_nM=dose)
    rate = CELL.k_on * dose + CELL.k_off
    level = CELL.k_on * dose / rate
    np.testing.assert_allclose(run.table["blocked"], level * (1 - np.exp(-rate * run.table["hours"])), atol=1e-12)
    washed = CELL.run(10, start=run).table
    np.testing.assert_allclose(
        washed["blocked"], run.table["blocked"].iloc[-1] * np.exp(-CELL.k_off * washed["hours"]), atol=1e-12
    )
    assert CELL.run(24, block=level).table["sodium_mM"].iloc[-1] == pytest.approx(
        CELL.run(200, glycoside_nM=dose).table["sodium_mM"].iloc[-1], rel=1e-2
    )


def test_the_order_of_doses_is_the_order_of_effects() -> None:
    ends = pd.DataFrame([CELL.run(24, glycoside_nM=dose).table.iloc[-1] for dose in (0, 1, 3, 10, 30, 100)])
    assert ends["sodium_mM"].is_monotonic_increasing
    assert ends["potassium_mM"].is_monotonic_decreasing
    assert ends["blocked"].is_monotonic_increasing


def test_protected_pumps_outlast_oxidation_and_the_others_decay() -> None:
    bare, half = CELL.run(24, loss_per_hour=0.1).table, replace(CELL, protected=0.5).run(24, loss_per_hour=0.1).table
    np.testing.assert_allclose(1 - bare["blocked"], np.exp(-0.1 * bare["hours"]))
    np.testing.assert_allclose(1 - half["blocked"], 0.5 + 0.5 * np.exp(-0.1 * half["hours"]))
    assert half["sodium_mM"].iloc[-1] < bare["sodium_mM"].iloc[-1]
    whole = replace(CELL, protected=1.0).run(24, loss_per_hour=0.1)
    pd.testing.assert_frame_equal(whole.table, CELL.run(24).table)


def test_fxyd3_moves_each_affinity_the_way_it_was_measured() -> None:
    def half(cell: PumpLeak, mv: float) -> float:
        """Sodium at which the pump runs at half of its rate at this voltage."""
        sodium = np.geomspace(0.1, 1000, 20001)
        rate = pump_rate(vars(cell), sodium, mv)
        return float(np.interp(0.5 * pump_rate(vars(cell), 1e9, mv), rate, sodium))

    def top(cell: PumpLeak, mv: float) -> float:
        return float(pump_rate(vars(cell), 1e9, mv))

    assert half(CELL, -60) == pytest.approx(CELL.na_half, rel=1e-3)
    at_half = replace(CELL, potassium_out=CELL.k_half)
    assert top(at_half, -60) == pytest.approx(CELL.pump_max / 2, rel=1e-6)
    for form in ("mouse", "human short"):
        other = CELL.with_fxyd3(form, fold=2)
        assert half(other, -60) == pytest.approx(2 * CELL.na_half, rel=1e-3)
        assert top(other, -60) < top(CELL, -60)
        assert other.rest()["sodium_mM"] > CELL.rest()["sodium_mM"]
    long = CELL.with_fxyd3("human long", fold=2)
    assert half(long, -60) == pytest.approx(CELL.na_half / 2, rel=1e-3)
    assert top(long, -70) == pytest.approx(top(CELL, -70), rel=1e-3)
    assert top(long, 0) < 0.95 * top(CELL, 0)
    assert long.rest()["sodium_mM"] < CELL.rest()["sodium_mM"]
    same = CELL.with_fxyd3("human long", fold=1)
    pd.testing.assert_series_equal(same.rest(), CELL.rest())
    assert CELL.with_fxyd3("mouse", protected=0.7).protected == 0.7


def test_a_larger_cell_is_only_larger_and_chloride_leaks_without_effect_on_rest() -> None:
    rest = UNCHARGED.rest()
    large = replace(UNCHARGED, impermeant_fmol=3 * CELL.impermeant_fmol).rest()
    assert large["volume_pL"] == pytest.approx(3 * rest["volume_pL"], rel=1e-6)
    pd.testing.assert_series_equal(large.drop("volume_pL"), rest.drop("volume_pL"), rtol=1e-6)
    for change in ({"g_cl": 0.05}, {"water_permeability": 100.0}):
        pd.testing.assert_series_equal(replace(CELL, **change).rest(), CELL.rest(), rtol=1e-9)


def test_defaults_stand_in_the_table_alone_and_every_row_is_used() -> None:
    table = parameters()
    assert list(table.index) == [each.name for each in fields(PumpLeak)]
    assert vars(CELL) == table["value"].to_dict()
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert set(table["kind"]) == {"source", "assumption"}
    sourced = table[table["kind"] == "source"]
    assert sourced["source"].str.contains(r"doi:10\.").all()
    assert not table.isna().any().any()


def test_a_day_takes_less_than_fifty_milliseconds() -> None:
    for how in ({"block": 0.5}, {"block": 1.0}, {"glycoside_nM": 1000.0}):
        seconds = []
        for _ in range(5):
            begin = time.process_time()
            CELL.run(24, **how)
            seconds.append(time.process_time() - begin)
        assert min(seconds) < 0.05 * pace(), how


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"g_na": 0.0}, "g_na is 0: each ion needs a leak"),
        ({"g_cl": -1.0}, "g_cl is -1"),
        ({"pump_max": 0.0}, "the cell swells without bound"),
        ({"sodium_out": -145.0}, "sodium_out is -145: give more than 0"),
        ({"potassium_out": 0.0}, "potassium_out is 0"),
        ({"k_on": -1.0}, "k_on is -1: give 0 or more"),
        ({"protected": 1.5}, "protected is 1.5: it is a share"),
        ({"temperature_c": 310.0}, "temperature_c is 310: give degrees Celsius"),
        ({"impermeant_charge": 0.0}, "impermeant_charge is 0: give the mean charge of anions"),
        ({"capacitance": float("nan")}, "capacitance is nan: give a number"),
    ],
)
def test_unphysical_parameters_in_one_sentence(change: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        replace(CELL, **change)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: CELL.with_fxyd3("rat"), "no form 'rat' of FXYD3: choose one of mouse, human short, human long"),
        (lambda: CELL.with_fxyd3("mouse", fold=0.5), "The fold is 0.5"),
        (lambda: CELL.with_fxyd3("mouse", protected=2), "protected is 2"),
        (lambda: CELL.run(0), "lasts 0 hours"),
        (lambda: CELL.run(float("inf")), "lasts inf hours"),
        (lambda: CELL.run(24, block=1.2), "The block is 1.2"),
        (lambda: CELL.run(24, block=-0.1), "The block is -0.1"),
        (lambda: CELL.run(24, glycoside_nM=-1), "glycoside_nM is -1"),
        (lambda: CELL.run(24, loss_per_hour=float("nan")), "loss_per_hour is nan"),
        (lambda: CELL.rest(block=1.0), "A full block of the pump leaves no steady state.*swells without bound"),
        (lambda: CELL.rest(block=2.0), "The block is 2.0"),
    ],
)
def test_bad_input_in_one_sentence(call, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        call()
