"""Wells of sorted and unsorted cells against the model that they are drawn from."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from numpy.polynomial.hermite_e import hermegauss

from fxyd3.data.simulate.design import FRACTIONS
from fxyd3.data.simulate.wells import EXPERIMENT_SD, GROUP_SD, limiting_dilution, spheres
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fxyd3.data.simulate.assay import Assay

BOTH = pytest.mark.parametrize("assay", [limiting_dilution, spheres])


def log_frequencies(assay: Assay) -> np.ndarray:
    """Planted log frequencies, experiments x groups."""
    return np.log([[each[group] for group in FRACTIONS] for each in assay.truth["frequency_by_experiment"].values()])


def test_tables_have_the_columns_that_the_enrichment_chapter_reads() -> None:
    wells = limiting_dilution(experiments=3, doses=(100, 10), wells=12).table
    assert list(wells) == ["experiment", "group", "cells_per_well", "wells_tested", "wells_positive"]
    assert len(wells) == 3 * 3 * 2
    assert not wells.duplicated(["experiment", "group", "cells_per_well"]).any()
    assert set(wells["experiment"]) == {"E1", "E2", "E3"}
    assert set(wells["group"]) == set(FRACTIONS)
    assert set(wells["cells_per_well"]) == {10.0, 100.0}
    assert (wells["wells_tested"] == 12).all()
    assert wells["wells_positive"].between(0, 12).all()
    counts = spheres(experiments=2, wells=5, cells_plated=70).table
    assert list(counts) == ["experiment", "group", "well", "cells_plated", "spheres"]
    assert len(counts) == 2 * 3 * 5
    assert not counts.duplicated(["experiment", "group", "well"]).any()
    assert (counts["cells_plated"] == 70).all()


@BOTH
def test_same_seed_same_table_and_another_seed_another(assay: Callable[..., Assay]) -> None:
    pd.testing.assert_frame_equal(assay(seed=3).table, assay(seed=3).table)
    assert assay(seed=3).truth == assay(seed=3).truth
    assert not assay(seed=3).table.equals(assay(seed=4).table)


@BOTH
def test_frequencies_follow_the_share_of_ancestral_cells(assay: Callable[..., Assay]) -> None:
    truth = assay(efficiency=0.02).truth
    odds = 0.15 / 0.85 * math.exp(1.1 * 2.0)  # 15% of unsorted cells; dial C1 is a log odds ratio of 2
    share = odds / (1 + odds)
    assert truth["frequency"]["unsorted"] == pytest.approx(0.15 * 0.02)
    assert truth["frequency"]["NRP1-high"] == pytest.approx(share * 0.02)
    assert truth["one_in"]["NRP1-high"] == pytest.approx(50 / share)
    ratio = truth["log2_frequency_ratio"]
    assert ratio["NRP1-high"] == pytest.approx(math.log2(share / 0.15))
    assert ratio["pooled"] == pytest.approx((ratio["NRP1-high"] + ratio["IGF1R-high"]) / 2)


@BOTH
def test_null_plants_no_enrichment_but_keeps_the_noise(assay: Callable[..., Assay]) -> None:
    null = assay(null=True)
    assert set(null.truth["log2_frequency_ratio"].values()) == {0.0}
    assert len(set(null.truth["frequency"].values())) == 1
    assert np.unique(log_frequencies(null)).size == 4 * 3
    assert null.truth == assay(effect={"C1": 0}).truth
    assert null.twin["null"] is True


@BOTH
def test_the_dial_turns_the_enrichment_and_nothing_else(assay: Callable[..., Assay]) -> None:
    whole, half = assay(), assay(effect={"C1": 0.5})
    assert 0 < half.truth["log2_frequency_ratio"]["pooled"] < whole.truth["log2_frequency_ratio"]["pooled"]
    gain = {who: truth["ancestral_share"]["NRP1-high"] for who, truth in (("whole", whole.truth), ("half", half.truth))}
    log_odds = {who: math.log(share / (1 - share)) - math.log(0.15 / 0.85) for who, share in gain.items()}
    assert log_odds["half"] == pytest.approx(log_odds["whole"] / 2)
    assert half.truth["frequency"]["unsorted"] == whole.truth["frequency"]["unsorted"]
    unsorted = whole.table["group"] == "unsorted"
    moved = log_frequencies(whole) - log_frequencies(half)
    assert np.ptp(moved, axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert whole.table[unsorted].iloc[:, :4].equals(half.table[unsorted].iloc[:, :4])


@BOTH
def test_experiments_vary_as_the_truth_says(assay: Callable[..., Assay]) -> None:
    n = 1000
    deviation = log_frequencies(assay(experiments=n)) - np.log(list(assay().truth["frequency"].values()))
    contrast = deviation @ np.array([0.5, 0.5, -1.0])
    bound = 1 + 4 / math.sqrt(2 * n)  # the standard error of a standard deviation is about SD / sqrt(2n)
    assert 1 / bound < contrast.std() / (GROUP_SD * math.sqrt(1.5)) < bound
    assert 1 / bound < deviation.mean(axis=1).std() / math.hypot(EXPERIMENT_SD, GROUP_SD / math.sqrt(3)) < bound
    assert abs(deviation.mean()) < 4 * deviation.mean(axis=1).std() / math.sqrt(n)


@pytest.mark.parametrize("cooperation", [0.7, 1.0, 2.0])
def test_wells_are_positive_as_often_as_the_model_says(cooperation: float) -> None:
    assay = limiting_dilution(experiments=400, cooperation=cooperation)
    z, weight = hermegauss(40)
    spread = np.exp(math.hypot(EXPERIMENT_SD, GROUP_SD) * z)
    by = assay.table.assign(share=assay.table["wells_positive"] / assay.table["wells_tested"])
    for (group, dose), share in by.groupby(["group", "cells_per_well"])["share"]:
        chance = -np.expm1(-((assay.truth["frequency"][group] * spread * dose) ** cooperation))
        expected = float(weight @ chance / weight.sum())
        wells = math.sqrt(expected * (1 - expected) / (24 * 400))
        assert share.mean() == pytest.approx(expected, abs=4.5 * max(share.std() / 20, wells) + 1e-9)


@pytest.mark.parametrize("cooperation", [0.7, 1.0, 2.0])
def test_63_percent_are_positive_at_one_over_the_frequency(cooperation: float) -> None:
    first = limiting_dilution(experiments=1, cooperation=cooperation)
    dose = 1 / first.truth["frequency_by_experiment"]["E1"]["unsorted"]
    table = limiting_dilution(experiments=1, cooperation=cooperation, doses=(dose,), wells=10_000).table
    positive = table.loc[table["group"] == "unsorted", "wells_positive"].item() / 10_000
    assert positive == pytest.approx(1 - math.exp(-1), abs=4 * math.sqrt(0.25 / 10_000))


def test_the_default_doses_cover_the_curve_of_every_group() -> None:
    truth = limiting_dilution().truth
    doses = limiting_dilution().twin["design"]["doses"]
    for frequency in truth["frequency"].values():
        chance = 1 - np.exp(-frequency * np.array(doses))
        assert chance[0] < 0.2
        assert chance[-1] > 0.9
        assert ((chance > 0.2) & (chance < 0.8)).sum() >= 2


@pytest.mark.parametrize("dispersion", [0.05, 0.5])
def test_spheres_have_the_mean_and_the_variance_of_a_negative_binomial(dispersion: float) -> None:
    n = 10_000
    assay = spheres(experiments=1, wells=n, cells_plated=400, dispersion=dispersion)
    for group, counts in assay.table.groupby("group")["spheres"]:
        mean = 400 * assay.truth["frequency_by_experiment"]["E1"][group]
        squares = (counts - mean) ** 2
        variance = mean + dispersion * mean**2
        assert counts.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / n))
        assert squares.mean() == pytest.approx(variance, abs=4 * squares.std() / math.sqrt(n))


@BOTH
def test_written_as_simulated_with_its_truth(assay: Callable[..., Assay], tmp_path: Path) -> None:
    made = assay(seed=2)
    path = made.write(tmp_path)
    assert path.name == f"{assay.__name__}-simulated.csv"
    pd.testing.assert_frame_equal(pd.read_csv(path), made.table, check_dtype=False)
    stored = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert stored["truth"] == made.truth
    assert stored["twin"]["simulated"] is True
    assert made.table.attrs["twin"]["simulated"] is True
    again = assay(seed=2, **stored["twin"]["design"])
    assert again.table.equals(made.table)


@pytest.mark.parametrize(
    ("assay", "wrong", "said"),
    [
        (limiting_dilution, {"experiments": 0}, "number of experiments is 0"),
        (limiting_dilution, {"doses": ()}, "cells per well"),
        (limiting_dilution, {"doses": (10, 10)}, "different"),
        (limiting_dilution, {"doses": (0, 10)}, "above 0"),
        (limiting_dilution, {"doses": (math.nan,)}, "nan"),
        (limiting_dilution, {"wells": 2.5}, "2.5"),
        (limiting_dilution, {"efficiency": 1.5}, "1.5"),
        (limiting_dilution, {"cooperation": 0}, "cooperation is 0"),
        (limiting_dilution, {"effect": {"C99": 1}}, "no dial"),
        (limiting_dilution, {"null": True, "effect": {"C1": 1}}, "null twin"),
        (limiting_dilution, {"seed": -1}, "seed is -1"),
        (spheres, {"wells": 0}, "number of wells is 0"),
        (spheres, {"cells_plated": 0}, "cells plated is 0"),
        (spheres, {"efficiency": 0}, "above 0"),
        (spheres, {"dispersion": 0}, "dispersion is 0"),
    ],
)
def test_a_design_that_cannot_be_says_so_in_one_sentence(
    assay: Callable[..., Assay], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        assay(**wrong)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
