"""The fall of the half-effective dose: closed forms, the truth of the twin and its null, and what cannot be read."""

import numpy as np
import pandas as pd
import pytest

from fxyd3.claims import Evidence, Verdict, decide, load_claims, t_interval
from fxyd3.data.simulate import two_drugs
from fxyd3.errors import InputError
from fxyd3.rescue._fall import Ec50Fall, ec50_fall
from fxyd3.rescue._hill import fit_hill

SEEDS = range(1, 61)
DOSES = ["chemotherapy_nM", "glycoside_nM"]


def supported(found: Ec50Fall) -> bool:
    """Whether the rule of the claim, without its negative control, says so."""
    claim = load_claims()["C6"]
    assert found.interval is not None
    return decide(claim, Evidence("C6", *found.interval, found.n, claim.unit, "", "")) is Verdict.SUPPORTED


def covers(interval: object, truth: float) -> bool:
    assert isinstance(interval, tuple)
    return bool(interval[1] <= truth <= interval[2])


def hill(x: float, top: float, bottom: float, ec50: float, slope: float) -> float:
    return top + (bottom - top) * x**slope / (ec50**slope + x**slope)


def surfaces(change: float = 0.0) -> pd.DataFrame:
    """Three experiments without noise; half-effective doses fall 8-fold in high cells, 2-fold in low ones."""
    rows = []
    for e, name in enumerate(["E1", "E2", "E3"]):
        for cells, fold in (("FXYD3-high", 8), ("FXYD3-low", 2)):
            for i, blocker in enumerate([0, 1, 10, 100]):
                ec50 = (800 + 100 * e) / fold ** (i / 3)
                top, bottom = 1 - 0.1 * i, 0.3 - 0.05 * i
                for dose in [0, 25, 50, 100, 200, 400, 800, 1600, 3200]:
                    y = hill(dose, top, bottom, ec50, 1.3)
                    rows += [(name, cells, dose, blocker, (1 + sign * change) * y) for sign in (-1, 1)]
    return pd.DataFrame(rows, columns=["experiment", "cells", *DOSES, "viability"])


def test_intervals_hold_the_truth_of_the_twin() -> None:
    over, control, called, beyond = [], [], [], []
    for seed in SEEDS:
        assay = two_drugs(seed=seed)
        found = ec50_fall(assay.table, seed=seed)
        assert found.missing == ""
        truth = assay.truth["log2_fall_beyond_low"]["highest"]
        over.append(covers(found.interval, truth))
        control.append(covers(found.control, 0))
        called.append(supported(found))
        beyond.extend(found.per_experiment["beyond"].dropna() - truth)
    assert np.mean(called) >= 0.95
    assert len(beyond) >= 4 * len(SEEDS) - 2  # hardly any experiment is lost
    assert 0.88 <= np.mean(over) <= 1  # 60 intervals: 2.8% of standard error
    assert 0.88 <= np.mean(control) <= 1
    assert abs(np.mean(beyond)) < 3 * np.std(beyond) / np.sqrt(len(beyond))


def test_null_twins_are_hardly_ever_called_supported() -> None:
    over, called = [], []
    for seed in SEEDS:
        found = ec50_fall(two_drugs(seed=seed, null=True).table, seed=seed)
        over.append(covers(found.interval, 0))
        called.append(supported(found))
    assert 0.88 <= np.mean(over) <= 1
    assert sum(called) <= 1


@pytest.mark.parametrize("null", [False, True])
def test_without_noise_every_fall_is_that_of_the_surface(null: bool) -> None:
    assay = two_drugs(seed=4, noise=0, null=null, experiments=3)
    found = ec50_fall(assay.table)
    planted = pd.DataFrame(assay.truth["log2_fall"]).set_index("glycoside_nM")
    # half-effective glycoside doses differ between experiments, so only doses far above them have the planted fall
    for name in ("FXYD3-high", "FXYD3-low"):
        last = found.by_dose[(found.by_dose["cells"] == name) & (found.by_dose["glycoside_nM"] == found.dose)]
        assert last["fall"].item() == pytest.approx(planted.loc[found.dose, name], abs=0.01)
    assert found.curves["hill"].to_numpy() == pytest.approx(1, abs=1e-6)


def test_without_noise_the_curves_are_those_drawn_to_six_digits() -> None:
    found = ec50_fall(surfaces())
    assert found.per_experiment["high"].to_numpy() == pytest.approx(3, abs=1e-6)
    assert found.per_experiment["low"].to_numpy() == pytest.approx(1, abs=1e-6)
    assert found.per_experiment["beyond"].to_numpy() == pytest.approx(2, abs=1e-6)
    first = found.curves[(found.curves["experiment"] == "E2") & (found.curves["cells"] == "FXYD3-low")]
    assert first["ec50"].to_numpy() == pytest.approx(900 / 2 ** (np.arange(4) / 3), rel=1e-6)
    assert first["top"].to_numpy() == pytest.approx(1 - 0.1 * np.arange(4), rel=1e-6)
    assert first["bottom"].to_numpy() == pytest.approx(0.3 - 0.05 * np.arange(4), rel=1e-6)
    assert found.curves["hill"].to_numpy() == pytest.approx(1.3, rel=1e-6)
    assert found.left_out.empty


def test_with_many_wells_the_falls_are_those_of_single_curves() -> None:
    table = two_drugs(seed=5, replicates=60, experiments=1).table
    found = ec50_fall(table)
    high = table[table["cells"] == "FXYD3-high"]
    single = {dose: fit_hill(own[DOSES[0]], own["viability"]).ec50.estimate for dose, own in high.groupby(DOSES[1])}
    joint = found.curves[found.curves["cells"] == "FXYD3-high"].set_index("glycoside_nM")["fall"]
    for dose, ec50 in single.items():
        assert joint[dose] == pytest.approx(np.log2(single[0] / ec50), abs=0.3)


def test_the_interval_runs_over_experiments_and_the_summary_tells_folds() -> None:
    found = ec50_fall(two_drugs(seed=1).table)
    each = found.per_experiment
    np.testing.assert_allclose(each["beyond"], each["high"] - each["low"])
    assert found.interval == t_interval(each["beyond"])
    assert found.control == t_interval(found.dealt["beyond"])
    assert found.dose == 163.84
    assert len(found.by_dose) == 10
    for _, row in found.by_dose.iterrows():
        own = found.curves[(found.curves["cells"] == row["cells"]) & (found.curves[DOSES[1]] == row[DOSES[1]])]
        assert (row["fall"], row["lower"], row["upper"]) == t_interval(own["fall"])
    told = found.summary().set_index("what")
    assert told.loc["FXYD3-high beyond FXYD3-low", "fold"] == pytest.approx(2 ** each["beyond"].mean())
    assert told.loc["FXYD3-high", "fold"] == pytest.approx(2 ** each["high"].mean())
    assert list(told["experiments"]) == [4] * 4


def test_neither_the_order_of_rows_nor_the_unit_matters() -> None:
    table = two_drugs(seed=2).table
    found = ec50_fall(table)
    mixed = table.sample(frac=1, random_state=1).drop(columns=["plate", "replicate"])
    again = ec50_fall(mixed.assign(viability=350 * mixed["viability"]))
    pd.testing.assert_frame_equal(again.per_experiment, found.per_experiment, rtol=1e-6)
    pd.testing.assert_frame_equal(again.dealt, found.dealt, rtol=1e-6)
    micro = ec50_fall(table.assign(**{DOSES[0]: table[DOSES[0]] / 1000}))
    np.testing.assert_allclose(micro.per_experiment["beyond"], found.per_experiment["beyond"], atol=1e-5)


def test_cells_that_change_names_change_the_sign() -> None:
    table = two_drugs(seed=2).table
    found, turned = ec50_fall(table), ec50_fall(table, high="FXYD3-low", low="FXYD3-high")
    np.testing.assert_allclose(turned.per_experiment["beyond"], -found.per_experiment["beyond"])


def test_what_the_blocker_kills_by_itself_is_no_fall() -> None:
    table = surfaces()
    blocked = (table[DOSES[1]] == 100) & (table["cells"] == "FXYD3-high")
    table.loc[blocked, "viability"] /= 3
    assert ec50_fall(table).per_experiment["beyond"].to_numpy() == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize(
    ("curve", "told"),
    [
        (lambda dose: 1.0 + 0 * dose, "the curve is flat"),
        (lambda dose: 0.5 + 0.5 * dose / (300 + dose), "the curve rises with the dose"),
        (lambda dose: 1 / (1 + (dose / 20_000) ** 1.3), "lies above the doses tested"),
        (lambda dose: 1 / (1 + (dose / 5) ** 1.3), "lies below the doses tested"),
    ],
)
def test_an_experiment_whose_dose_cannot_be_read_is_told_and_left_out(curve, told: str) -> None:  # type: ignore[no-untyped-def]
    table = surfaces(change=0.01)
    own = (table["experiment"] == "E2") & (table["cells"] == "FXYD3-low") & (table[DOSES[1]] == 100)
    table.loc[own, "viability"] = curve(table.loc[own, DOSES[0]])
    found = ec50_fall(table)
    assert found.n == 2
    assert found.left_out["experiment"].tolist() == ["E2"]
    assert found.left_out["why"].item().startswith("FXYD3-low cells at 100 of the blocker: ")
    assert told in found.left_out["why"].item()
    assert found.missing == "three experiments in which all half-effective doses can be read: there are 2"
    assert found.interval is not None
    assert np.isnan(found.per_experiment.set_index("experiment").loc["E2", "beyond"])
    assert found.by_dose["n"].tolist() == [3, 3, 3, 3, 3, 2]


def test_one_kind_of_cells_is_described_and_the_claim_is_not_testable() -> None:
    table = surfaces()
    found = ec50_fall(table[table["cells"] == "FXYD3-high"])
    assert found.missing == "no cells 'FXYD3-low' in column 'cells'"
    assert found.interval is None
    assert found.control is None
    assert found.n == 0
    assert found.per_experiment["high"].to_numpy() == pytest.approx(3, abs=1e-6)
    assert list(found.summary()["what"]) == ["FXYD3-high"]
    assert found.left_out["why"].tolist() == ["no FXYD3-low cells"] * 3


def test_an_experiment_with_one_kind_of_cells_does_not_count() -> None:
    table = two_drugs(seed=1).table
    found = ec50_fall(table[~((table["experiment"] == "E3") & (table["cells"] == "FXYD3-high"))])
    assert found.n == 3
    assert found.missing == ""
    assert found.left_out.to_numpy().tolist() == [["E3", "no FXYD3-high cells"]]


def test_few_experiments_and_one_replicate() -> None:
    table = two_drugs(seed=1, experiments=2).table
    assert ec50_fall(table).missing == "three experiments: there are 2"
    one = ec50_fall(table[table["experiment"] == "E1"].drop(columns="experiment"))
    assert one.missing.startswith("no column 'experiment'")
    assert one.interval is None
    assert one.n == 1
    single = ec50_fall(two_drugs(seed=1, replicates=1).table)
    assert single.control is None
    assert single.dealt.empty
    assert single.interval is not None


def test_the_highest_dose_is_one_that_both_kinds_saw() -> None:
    table = surfaces()
    more = table[(table[DOSES[1]] == 100) & (table["cells"] == "FXYD3-high")].assign(glycoside_nM=1000)
    found = ec50_fall(pd.concat([table, more]))
    assert found.dose == 100
    assert found.per_experiment["beyond"].to_numpy() == pytest.approx(2, abs=1e-6)


def test_wells_far_off_do_not_move_curves_that_the_others_agree_on() -> None:
    table = surfaces()
    table.loc[(table[DOSES[0]] == 400) & (table[DOSES[1]] == 100), "viability"] *= 0.5
    table.loc[(table[DOSES[0]] == 50) & (table[DOSES[1]] == 0), "viability"] *= 1.6
    found = ec50_fall(table)
    assert found.left_out.empty
    assert found.per_experiment["high"].to_numpy() == pytest.approx(3, abs=1e-3)
    assert found.per_experiment["low"].to_numpy() == pytest.approx(1, abs=1e-3)


def test_a_well_that_reads_zero_is_kept() -> None:
    table = two_drugs(seed=1).table
    table.loc[(table[DOSES[0]] == 10_000) & (table[DOSES[1]] > 100) & (table["replicate"] == 1), "viability"] = 0.0
    assert ec50_fall(table).curves["fall"].notna().all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="cells"), "no column 'cells'"),
        (lambda t: t.drop(columns="glycoside_nM"), "no column 'glycoside_nM'"),
        (lambda t: t.assign(cells="other"), "no cells 'FXYD3-high'"),
        (lambda t: t[t[DOSES[1]] > 0], "no wells with neither drug"),
        (lambda t: t[~((t[DOSES[0]] == 0) & (t[DOSES[1]] == 2.56))], "no wells of glycoside_nM alone at 2.56"),
        (lambda t: t.assign(viability=-t["viability"]), "holds -"),
        (
            lambda t: t.assign(glycoside_nM=t["glycoside_nM"].where(t["cells"] == "FXYD3-low", 2 * t["glycoside_nM"])),
            "share no dose",
        ),
    ],
)
def test_bad_input_is_told_in_one_sentence(change, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        ec50_fall(change(two_drugs(seed=1).table))


def test_two_kinds_are_needed() -> None:
    with pytest.raises(InputError, match="two kinds"):
        ec50_fall(two_drugs(seed=1).table, low="FXYD3-high")
    with pytest.raises(InputError, match="confidence"):
        ec50_fall(two_drugs(seed=1).table, confidence=1)
