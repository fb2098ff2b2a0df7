"""Standard analyses find what the twin planted, as often as their intervals promise, and nothing in null twins."""

from __future__ import annotations

import pandas as pd
import pytest
from benchmarks.recovery import Recovery, chapter, cohort, coverage, drugs, enrichment, groups, supported_on_null
from scipy.stats import binom

from fxyd3.data.simulate import VERSION
from fxyd3.paths import book_file

CHEAP = [*enrichment.RECOVERIES, *drugs.RECOVERIES, *cohort.RECOVERIES]
FALSE_ALARMS = 0.025  # one side of a 95% interval


def named(check: Recovery) -> str:
    return f"{check.claim}:{check.what}" if check.claim else check.what


def test_the_published_table_is_large_enough_and_of_this_twin() -> None:
    table = pd.read_csv(book_file("data", "twin", "checks.csv"))
    held, null = (table[table["kind"] == kind] for kind in ("coverage", "null twin"))
    assert set(table["version"].astype(str)) == {VERSION}
    assert list(held["what"]) == [check.what for check in [*CHEAP, *cohort.SLOW_RECOVERIES]]
    assert held["share"].between(0.92, 0.98).all()
    by_chapter = null["what"].str.startswith("chapter 3")
    assert (null.loc[~by_chapter, "twins"] >= 200).all()
    assert (null.loc[by_chapter, "twins"] >= 30).all()
    assert set(null["claim"]) == {f"C{i}" for i in range(1, 9)}
    allowed = binom.ppf(0.975, null["twins"], FALSE_ALARMS) / null["twins"]
    assert (null["share"] <= allowed).all()
    one, same = (table[table["kind"] == "groups"].iloc[i] for i in range(2))
    assert one["twins"] == groups.NULL_TWINS
    assert one["share"] >= 0.95
    assert same["twins"] == groups.TWINS
    assert same["share"] == 1


@pytest.mark.parametrize("check", CHEAP, ids=named)
def test_intervals_hold_the_planted_value_as_often_as_they_promise(check: Recovery) -> None:
    assert 0.92 <= coverage(check, 200)["covered"] <= 0.98


@pytest.mark.parametrize("check", [check for check in CHEAP if check.claim], ids=named)
def test_null_twins_support_no_claim_more_often_than_its_rule_allows(check: Recovery) -> None:
    assert supported_on_null(check, 200) <= binom.ppf(0.975, 200, FALSE_ALARMS)


@pytest.mark.slow
@pytest.mark.parametrize("check", cohort.SLOW_RECOVERIES, ids=named)
def test_single_cell_truths_are_held_too(check: Recovery) -> None:
    n = 30
    held = coverage(check, n)["covered"] * n
    assert held >= binom.ppf(0.01, n, 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("check", [c for c in [*cohort.SLOW_RECOVERIES, *cohort.NULL_ONLY] if c.claim], ids=named)
def test_null_cells_support_no_claim(check: Recovery) -> None:
    assert supported_on_null(check, 30) <= binom.ppf(0.99, 30, FALSE_ALARMS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_cells_chapter_supports_nothing_on_a_null_twin(seed: int) -> None:
    assert "supported" not in chapter.verdicts(seed, null=True, cells=1000).values()
