"""Simulated dishes under two drugs in every order, against their own truth and that of plates and matrices."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.assays import ARMS
from fxyd3.data.simulate.design import ancestral_share
from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.orders import dosing_order
from fxyd3.data.simulate.pairs import two_drugs
from fxyd3.data.simulate.plates import viability_plates
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def logs(table: pd.DataFrame) -> pd.Series[float]:
    """Return the mean over experiments of the log of living cells, by arm and cells."""
    each = table.groupby(["arm", "cells", "experiment"])["viable"].mean()
    return np.log(each).groupby(["arm", "cells"]).mean()


def test_every_dish_is_counted_for_both_kinds_of_cells() -> None:
    table = dosing_order(experiments=3, replicates=2).table
    assert list(table) == ["experiment", "arm", "cells", "replicate", "viable"]
    assert len(table) == 3 * len(ARMS) * 2 * 2
    assert not table.duplicated(["experiment", "arm", "cells", "replicate"]).any()
    assert set(table["arm"]) == set(ARMS)
    assert set(table["cells"]) == {"ancestral", "other"}
    assert table["replicate"].dtype == table["viable"].dtype == np.int64
    assert (table["viable"] >= 0).all()


def test_many_experiments_have_the_survival_that_the_truth_says() -> None:
    assay = dosing_order(seed=3, experiments=1000, counted=100_000)
    found = logs(assay.table)
    # a log in one experiment differs by 0.15 or 0.2 for each drug and 0.1 for each arm: 0.01 for the mean of 1,000
    for arm, each in assay.truth["survival"].items():
        for cells, share in each.items():
            assert found[arm, cells] - found["none", cells] == pytest.approx(math.log(share), abs=0.035)
    odds = found.xs("ancestral", level="cells") - found.xs("other", level="cells")
    for arm, fraction in assay.truth["tolerant_fraction"].items():
        assert odds[arm] == pytest.approx(math.log(fraction / (1 - fraction)), abs=0.035)


def test_interactions_are_those_of_the_survival_and_of_the_dial() -> None:
    truth = dosing_order(chemotherapy_first=0.3, glycoside_first=0.1).truth
    survival = {arm: {cells: math.log(s) for cells, s in each.items()} for arm, each in truth["survival"].items()}
    for arm, share in zip(ARMS[3:], (1, 0.3, 0.1), strict=True):
        for cells, kept in (("ancestral", share), ("other", 0)):
            beyond = survival[arm][cells] - survival["chemotherapy"][cells] - survival["glycoside"][cells]
            assert beyond == pytest.approx(-kept * DIALS["C7"].default, abs=1e-12)
            assert truth["interaction"][arm][cells] == pytest.approx(beyond, abs=1e-12)
        own = truth["interaction"][arm]
        assert own["difference"] == own["ancestral"] - own["other"]
    assert truth["tolerant_fraction"]["none"] == pytest.approx(ancestral_share())


def test_each_drug_alone_leaves_what_it_leaves_on_the_plates() -> None:
    survival, response = dosing_order().truth["survival"], viability_plates().truth["response"]
    for drug in ("chemotherapy", "glycoside"):
        assert survival[drug] == {cells: response[drug][cells]["bottom"] for cells in ("ancestral", "other")}


@pytest.mark.parametrize("effect", [None, {"C4": 0.5, "C7": 2}, {"C4": 0, "C7": 0}])
def test_both_drugs_leave_what_the_surface_of_the_two_drugs_ends_at(effect: dict[str, float] | None) -> None:
    survival = dosing_order(effect=effect).truth["survival"]["both"]
    surface = two_drugs(effect=effect, experiments=1).truth["surface"]
    assert survival["ancestral"] == pytest.approx(surface["FXYD3-high"]["e3"])
    assert survival["other"] == pytest.approx(surface["FXYD3-low"]["e3"])


def test_kinds_of_cells_share_their_dish_and_are_counted_by_chance() -> None:
    many = dosing_order(seed=4, experiments=1, replicates=100, counted=10**6).table
    wide = np.log(many.pivot_table(index=["arm", "replicate"], columns="cells", values="viable"))
    off = wide - wide.groupby("arm").transform("mean")
    assert off["ancestral"].corr(off["other"]) > 0.99
    assert off["other"].std() == pytest.approx(0.1, rel=0.12)  # 600 dishes: 3% of standard error
    few = dosing_order(seed=4, experiments=1, replicates=100, counted=1_000).table
    counts = few[(few["arm"] == "both") & (few["cells"] == "ancestral")]["viable"]
    assert counts.var() / counts.mean() > 0.5  # Poisson alone: 1, with a standard error of 0.14


def test_the_null_twin_plants_no_interaction_and_no_tolerance() -> None:
    truth = dosing_order(null=True).truth
    assert all(value == 0 for each in truth["interaction"].values() for value in each.values())
    assert all(each["ancestral"] == pytest.approx(each["other"]) for each in truth["survival"].values())
    assert list(truth["tolerant_fraction"].values()) == pytest.approx([ancestral_share()] * len(ARMS))


def test_same_seed_same_table_and_the_files_hold_both(tmp_path: Path) -> None:
    one, same, other = dosing_order(seed=1), dosing_order(seed=1), dosing_order(seed=2)
    pd.testing.assert_frame_equal(one.table, same.table)
    assert not one.table.equals(other.table)
    path = one.write(tmp_path)
    assert path.name == "dosing_order-simulated.csv"
    pd.testing.assert_frame_equal(pd.read_csv(path), one.table)
    assert json.loads(path.with_suffix(".json").read_text())["truth"] == one.truth


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"experiments": 0}, "from 1"),
        ({"replicates": 1.5}, "whole number"),
        ({"counted": 3}, "from 20"),
        ({"chemotherapy_first": 1.2}, "from 0 to 1"),
        ({"glycoside_first": float("nan")}, "from 0 to 1"),
        ({"effect": {"C12": 1}}, "The dials are"),
    ],
)
def test_impossible_dishes_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        dosing_order(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
