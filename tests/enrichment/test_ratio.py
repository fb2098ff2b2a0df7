"""The enrichment over experiments: the truth of the twin, its null, the control, and what is said to be missing."""

import math

import numpy as np
import pandas as pd
import pytest

from fxyd3.claims import Evidence, Verdict, decide, load_claims, t_interval
from fxyd3.data.simulate import limiting_dilution
from fxyd3.enrichment._elda import elda
from fxyd3.enrichment._ratio import EnrichmentRatio, enrichment_ratio
from fxyd3.errors import InputError

SEEDS = range(1, 201)


def supported(found: EnrichmentRatio) -> bool:
    """Whether the rule of the claim, without its negative control, says so."""
    claim = load_claims()["C1"]
    assert found.interval is not None
    return decide(claim, Evidence("C1", *found.interval, found.n, claim.unit, "", "")) is Verdict.SUPPORTED


@pytest.mark.slow
def test_intervals_hold_the_truth_of_the_twin() -> None:
    over, within, control = [], [], []
    for seed in SEEDS:
        assay = limiting_dilution(seed=seed)
        found = enrichment_ratio(assay.table, seed=seed)
        assert found.missing == ""
        assert found.interval is not None
        assert found.control is not None
        over.append(found.interval.lower <= assay.truth["log2_frequency_ratio"]["pooled"] <= found.interval.upper)
        control.append(found.control.lower <= 0 <= found.control.upper)
        for _, row in found.per_experiment.iterrows():
            own = assay.truth["frequency_by_experiment"][row["experiment"]]
            within.append(row["lower"] <= math.log2(own[row["group"]] / own["unsorted"]) <= row["upper"])
    assert 0.92 <= np.mean(over) <= 0.98
    assert 0.92 <= np.mean(control) <= 0.98
    assert 0.93 <= np.mean(within) <= 0.97  # 1,600 intervals


@pytest.mark.slow
def test_null_twins_are_hardly_ever_called_enriched() -> None:
    assert sum(supported(enrichment_ratio(limiting_dilution(seed=s, null=True).table)) for s in SEEDS) <= 5


def test_the_twin_is_called_enriched() -> None:
    assert all(supported(enrichment_ratio(limiting_dilution(seed=seed).table)) for seed in range(1, 21))


def test_the_interval_runs_over_experiments_and_the_mean_over_sorts_comes_first() -> None:
    found = enrichment_ratio(limiting_dilution(seed=1).table)
    each = found.per_experiment.groupby("experiment")["log2_ratio"].mean()
    assert found.interval == t_interval(each)
    assert found.n == 4
    assert list(found.by_group["group"]) == ["IGF1R-high", "NRP1-high"]
    for _, row in found.by_group.iterrows():
        own = found.per_experiment.loc[found.per_experiment["group"] == row["group"], "log2_ratio"]
        assert (row["estimate"], row["lower"], row["upper"]) == t_interval(own)
    told = found.summary().set_index("cells")
    assert told.loc["all sorts together", "fold"] == pytest.approx(2 ** each.mean())
    assert told["experiments"].tolist() == [4] * 4


def test_with_many_wells_the_ratio_is_that_of_the_plain_estimates() -> None:
    table = limiting_dilution(seed=2, wells=2000).table
    plain = elda(table, group=["experiment", "group"]).summary().set_index("group")["estimate"]
    for _, row in enrichment_ratio(table).per_experiment.iterrows():
        ratio = plain[f"{row['experiment']} unsorted"] / plain[f"{row['experiment']} {row['group']}"]
        assert row["log2_ratio"] == pytest.approx(math.log2(ratio), abs=0.01)


def test_wells_all_alike_still_give_a_number() -> None:
    table = limiting_dilution(seed=1, wells=6).table
    table.loc[table["group"] == "unsorted", "wells_positive"] = 0
    table.loc[table["group"] == "NRP1-high", "wells_positive"] = 6
    found = enrichment_ratio(table)
    assert np.isfinite(found.per_experiment[["log2_ratio", "lower", "upper"]]).all(axis=None)
    assert (found.per_experiment["lower"] < found.per_experiment["log2_ratio"]).all()
    assert found.interval is not None
    assert found.interval.estimate > 3


def test_neither_doses_in_other_units_nor_the_order_of_rows_matter() -> None:
    table = limiting_dilution(seed=3).table
    first = enrichment_ratio(table)
    for other in (table.sample(frac=1, random_state=1), table.assign(cells_per_well=table["cells_per_well"] * 8)):
        found = enrichment_ratio(other)
        assert found.interval == pytest.approx(first.interval, abs=1e-6)
        assert found.control == pytest.approx(first.control, abs=1e-6)
        pd.testing.assert_frame_equal(found.per_experiment, first.per_experiment)


def test_the_control_is_dealt_by_its_seed_and_uses_unsorted_wells_only() -> None:
    table = limiting_dilution(seed=3).table
    sorted_all_positive = table.assign(
        wells_positive=table["wells_positive"].where(table["group"] == "unsorted", table["wells_tested"])
    )
    assert enrichment_ratio(table).control == enrichment_ratio(sorted_all_positive).control
    assert enrichment_ratio(table, seed=2).control != enrichment_ratio(table).control
    assert list(enrichment_ratio(table).dealt["experiment"]) == ["E1", "E2", "E3", "E4"]


def test_only_experiments_with_both_count() -> None:
    table = limiting_dilution(seed=1, experiments=5).table
    table = table[~((table["experiment"] == "E2") & (table["group"] == "unsorted"))]
    table = table[~((table["experiment"] == "E3") & (table["group"] != "unsorted"))]
    table = table[~((table["experiment"] == "E4") & (table["group"] == "NRP1-high"))]
    found = enrichment_ratio(table)
    assert (found.n, found.missing) == (3, "")
    assert found.by_group.set_index("group")["n"].to_dict() == {"IGF1R-high": 3, "NRP1-high": 2}


@pytest.mark.parametrize(
    ("change", "missing", "described"),
    [
        (lambda t: t.drop(columns="experiment"), "no column 'experiment'", 2),
        (lambda t: t[t["experiment"] == "E1"], "three experiments with both .* there are 1", 2),
        (lambda t: t[t["experiment"] <= "E2"], "there are 2", 4),
        (lambda t: t[t["group"] != "unsorted"], "no group 'unsorted' .*: there are IGF1R-high, NRP1-high", 0),
        (lambda t: t.replace("unsorted", "Unsortd"), r"did you mean 'Unsortd'\?", 0),
        (lambda t: t[t["group"] == "unsorted"], "no sorted group .*: there is 'unsorted' only", 0),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_the_rest_described(change: object, missing: str, described: int) -> None:
    found = enrichment_ratio(change(limiting_dilution(seed=1).table))  # type: ignore[operator]
    assert pd.Series([found.missing]).str.contains(missing).all(), found.missing
    assert len(found.per_experiment) == described
    assert (found.interval is None) == (found.n < 2)
    assert list(found.summary().columns) == ["cells", "experiments", "fold", "lower", "upper"]


@pytest.mark.parametrize("positive", [0, 1])
def test_a_single_unsorted_well_gives_no_control(positive: int) -> None:
    table = pd.DataFrame({"group": ["unsorted", "sorted"], "experiment": "E1", "cells_per_well": 10.0,
                          "wells_tested": [1, 24], "wells_positive": [positive, 12]})  # fmt: skip
    found = enrichment_ratio(table)
    assert found.control is None
    assert found.dealt.empty


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group": "grup"}, r"no column 'grup'.*did you mean 'group'"),
        ({"confidence": 2}, "confidence is 2"),
        ({"positive": "wells_postive"}, "did you mean 'wells_positive'"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        enrichment_ratio(limiting_dilution(seed=1).table, **changes)  # type: ignore[arg-type]
