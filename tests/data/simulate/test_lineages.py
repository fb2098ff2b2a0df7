"""Simulated lineages against their own truth and against closed forms."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import DIALS
from fxyd3.data.simulate.lineages import lineage_barcodes
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

ALL = 10**6  # reads every survivor


def clones(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Cells of each clone in each arm."""
    mine = table[table["condition"] == condition]
    return mine.pivot_table(index="barcode", columns="arm", values="cells", aggfunc="sum", fill_value=0)


def hill(cells: pd.Series[int]) -> tuple[float, float]:
    p = cells / cells.sum()
    return math.exp(-(p * np.log(p)).sum()), 1 / (p**2).sum()


def test_reads_what_was_asked_for() -> None:
    assay = lineage_barcodes(dropout=0, read_before=400, read_after=200)
    samples = assay.table.pivot_table(index=["experiment", "arm"], columns="condition", values="cells", aggfunc="sum")
    assert samples.shape == (4 * 3, 2)
    assert (samples["before"] == 400).all()
    assert (samples["after"] == 200).all()
    assert (assay.table["cells"] > 0).all()
    assert not assay.table.duplicated(["experiment", "arm", "condition", "barcode", "state"]).any()


def test_never_reads_more_than_survive() -> None:
    assay = lineage_barcodes(seed=3, treated=1000, read_after=ALL, dropout=0, survival=0.02)
    left = assay.table[assay.table["condition"] == "after"]["cells"].sum()
    survival = assay.truth["survival"]
    mean = 12 * 1000 * (0.15 * survival["ancestral"] + 0.85 * survival["other"])
    assert 0.4 * mean < left < 2.5 * mean  # four experiments that differ by exp(0.3) in cells


def test_no_survivor_is_an_answer_too() -> None:
    table = lineage_barcodes(treated=1000, survival=0.0001, effect={"C4": 5}).table
    assert (table["condition"] == "after").sum() <= 12 * 3  # 0.015 expected in each of 12 arms


def test_barcodes_are_of_one_experiment_and_of_all_its_arms() -> None:
    table = lineage_barcodes().table
    different = table.groupby("barcode")[["experiment", "arm", "truth_founder"]].nunique()
    assert different["experiment"].max() == different["truth_founder"].max() == 1
    assert different["arm"].max() == 3


def test_clones_that_share_their_state_and_clones_that_do_not() -> None:
    shared = lineage_barcodes(selection=1).table
    assert (shared["state"] == shared["truth_founder"]).all()
    drawn = lineage_barcodes(selection=0, read_before=100_000, experiments=1, arms=1).table
    before = drawn[drawn["condition"] == "before"].pivot_table(
        index="truth_founder", columns="state", values="cells", aggfunc="sum"
    )
    n = before.sum(axis=1)
    share = before["ancestral"] / n
    assert (abs(share - 0.15) < 4 * np.sqrt(0.15 * 0.85 / n)).all()


@pytest.mark.parametrize("selection", [0.3, 0.5, 0.8])
def test_that_share_of_ancestral_survivors_inherited_its_state(selection: float) -> None:
    """Ancestral cells of other clones have switched; as many again, for their share, hide in ancestral clones."""
    assay = lineage_barcodes(selection=selection, experiments=100, arms=1, treated=100_000, read_after=ALL, dropout=0)
    table = assay.table
    old = table[(table["condition"] == "after") & (table["state"] == "ancestral")]
    switched = old.loc[old["truth_founder"] == "other", "cells"].sum() / (1 - 0.15)
    # 100 x 500 clones of unequal size count as 100 x 500 / e of equal size: a standard error of about 0.005
    assert 1 - switched / old["cells"].sum() == pytest.approx(selection, abs=0.02)


def test_selection_of_clones_has_its_two_ends() -> None:
    planted = DIALS["C4"].default
    ratios = [lineage_barcodes(selection=s).truth["log_clone_survival_ratio"] for s in (0, 0.25, 0.5, 0.75, 1)]
    assert ratios[0] == pytest.approx(0)
    assert ratios[-1] == pytest.approx(planted)
    assert (np.diff(ratios) > 0).all()


def test_survivors_and_overlap_of_arms_are_as_expected() -> None:
    assay = lineage_barcodes(seed=2, experiments=1, arms=100, read_after=ALL, dropout=0)
    alive = (clones(assay.table, "after") > 0).to_numpy()
    expected = assay.truth["experiments"]["E1"]
    number = alive.sum(axis=0)
    assert abs(number.mean() - expected["surviving_clones"]) < 4 * number.std() / math.sqrt(100)
    both = (alive[:, ::2] & alive[:, 1::2]).sum(axis=0)  # 50 independent pairs of arms
    want = expected["overlap"] * expected["surviving_clones"]
    assert abs(both.mean() - want) < 4 * both.std() / math.sqrt(50)
    assert expected["overlap"] < 0.9  # chance alone loses clones


def test_hill_numbers_are_those_of_many_cells() -> None:
    assay = lineage_barcodes(
        seed=4, experiments=1, arms=50, clones=100, treated=10**7, read_before=ALL, read_after=ALL, dropout=0
    )
    for condition, expected in assay.truth["experiments"]["E1"]["hill"].items():
        cells = clones(assay.table, condition).sum(axis=1)
        assert len(cells) == expected["0"] == 100
        assert hill(cells) == pytest.approx((expected["1"], expected["2"]), rel=0.005)


def test_the_same_clones_survive_in_parallel_only_with_selection() -> None:
    def agreement(selection: float) -> float:
        """Correlation between two arms of how clones fare; large clones, so that chance is small."""
        table = lineage_barcodes(
            seed=5,
            experiments=1,
            arms=2,
            selection=selection,
            treated=10**7,
            read_before=ALL,
            read_after=ALL,
            dropout=0,
        ).table
        fate = np.log(clones(table, "after") / clones(table, "before")).dropna()
        return float(fate.corr().iloc[0, 1])

    assert agreement(1) > 0.95
    assert abs(agreement(0)) < 0.25  # over 500 clones, five standard errors


def test_null_plants_nothing_but_chance_stays() -> None:
    assay = lineage_barcodes(null=True, selection=1, treated=10**6, read_before=ALL, read_after=ALL, dropout=0)
    assert assay.truth["log_survival_ratio"] == assay.truth["log_clone_survival_ratio"] == 0
    assert len(set(assay.truth["survival"].values())) == 1
    assert assay.truth["ancestral_share"]["before"] == pytest.approx(assay.truth["ancestral_share"]["after"])
    table = assay.table
    cells = table.pivot_table(index="experiment", columns=["condition", "state"], values="cells", aggfunc="sum")
    log = np.log(cells["after"]["ancestral"] / cells["after"]["other"]) - np.log(
        cells["before"]["ancestral"] / cells["before"]["other"]
    )
    assert abs(log.mean()) < 4 * 0.15 / math.sqrt(4)
    assert log.std() > 0.02  # experiments still differ


def test_the_dial_turns_survival() -> None:
    def rise(scale: float) -> float:
        table = lineage_barcodes(effect={"C4": scale}, experiments=8).table
        share = table.assign(old=table["cells"] * (table["state"] == "ancestral")).groupby("condition")[
            ["old", "cells"]
        ]
        sums = share.sum()
        return float(sums["old"]["after"] / sums["cells"]["after"])

    shares = [rise(scale) for scale in (0, 0.5, 1, 2)]
    assert (np.diff(shares) > 0.1).all()
    truth = lineage_barcodes(effect={"C4": 0.5}).truth
    assert truth["log2_survival_ratio"] == pytest.approx(0.5 * math.log2(5))
    assert truth["survival"]["ancestral"] / truth["survival"]["other"] == pytest.approx(math.sqrt(5))


def test_dropout_loses_barcodes_whole() -> None:
    tables = (lineage_barcodes(dropout=d, experiments=1, read_before=ALL).table for d in (0.0, 0.5))
    kept, lost = (len(clones(table, "before")) for table in tables)
    assert kept == 500
    # a barcode is lost from the table if it is lost from all three arms
    assert abs(lost - 500 * (1 - 0.5**3)) < 4 * math.sqrt(500 * 0.5**3 * (1 - 0.5**3))


def test_same_seed_same_table(tmp_path: Path) -> None:
    one, same, other = lineage_barcodes(seed=1), lineage_barcodes(seed=1), lineage_barcodes(seed=2)
    pd.testing.assert_frame_equal(one.table, same.table)
    assert not one.table.equals(other.table)
    path = one.write(tmp_path)
    assert path.name == "lineages-simulated.csv"
    pd.testing.assert_frame_equal(pd.read_csv(path), one.table)
    assert json.loads(path.with_suffix(".json").read_text())["truth"] == one.truth


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"selection": 1.2}, "from 0 to 1"),
        ({"selection": float("nan")}, "from 0 to 1"),
        ({"survival": 0}, "from 0.0001"),
        ({"survival": 0.9}, "to 0.5"),
        ({"clones": 3}, "from 20"),
        ({"experiments": 0}, "from 1"),
        ({"arms": 2.5}, "whole number"),
        ({"treated": 10}, "from 1,000"),
        ({"read_before": 0}, "read before is 0"),
        ({"read_after": -1}, "read after is -1"),
        ({"dropout": 1}, "dropout is 1"),
        ({"effect": {"C9": 1}}, "The dials are"),
    ],
)
def test_impossible_lineages_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        lineage_barcodes(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
