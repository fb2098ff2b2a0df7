"""Which claims data can test."""

from typing import Any

import pytest

from fxyd3 import claims
from fxyd3.paths import book_file

LINES = book_file("data", "signatures.gmt").read_text().splitlines()
PROGENITOR = next(line for line in LINES if line.startswith("LIM_MAMMARY_LUMINAL_PROGENITOR_UP\t")).split("\t")[2:]
WHOLE: dict[str, Any] = {
    "symbols": True,
    "genes": {"FXYD3", *PROGENITOR},
    "patients": 6,
    "roles": {"patient": "donor", "condition": "timepoint", "fraction": "gate"},
    "levels": {"condition": ["before", "after"], "fraction": ["NRP1-high", "unsorted"]},
    "tables": {"limiting_dilution", "two_drugs"},
    "experiments": {"limiting_dilution": 3, "two_drugs": 3},
    "enriched": False,
}


def testable(facts: dict[str, Any]) -> set[str]:
    return {name for name, missing in claims.testability(facts).items() if not missing}


testable.__test__ = False  # type: ignore[attr-defined]


def test_whole_data_test_all_but_the_hypothesis() -> None:
    assert testable(WHOLE) == {f"C{i}" for i in range(1, 9)}
    assert "randomised trial" in claims.testability(WHOLE)["C9"]


def test_no_facts_test_nothing_and_every_claim_says_why() -> None:
    missing = claims.testability({})
    assert list(missing) == list(claims.load_claims())
    assert all(text.startswith("needs ") for text in missing.values())


@pytest.mark.parametrize(
    ("change", "lost", "remedy"),
    [
        ({"symbols": False}, {"C3", "C4", "C5", "C8"}, "--genes"),
        ({"genes": set(PROGENITOR)}, {"C5", "C8"}, "FXYD3"),
        ({"genes": {"FXYD3", *PROGENITOR[:4]}}, {"C3", "C4", "C5"}, "LIM_MAMMARY_LUMINAL_PROGENITOR_UP"),
        ({"patients": 2}, {"C3", "C4", "C5", "C8"}, "have 2"),
        ({"roles": {"condition": "timepoint", "fraction": "gate"}}, {"C3", "C4", "C5", "C8"}, "--patient"),
        ({"roles": {"patient": "donor", "fraction": "gate"}}, {"C4", "C8"}, "--condition"),
        ({"levels": WHOLE["levels"] | {"condition": ["before"]}}, {"C4", "C8"}, "only before"),
        ({"levels": WHOLE["levels"] | {"fraction": ["unsorted"]}}, {"C2"}, "--fraction"),
        ({"tables": {"two_drugs"}}, {"C1"}, "limiting-dilution"),
        ({"tables": set()}, {"C1", "C6", "C7"}, "table"),
        ({"experiments": {"limiting_dilution": 2, "two_drugs": 3}}, {"C1"}, "the table has 2"),
        ({"experiments": {"limiting_dilution": 3, "two_drugs": 2}}, {"C6", "C7"}, "the table has 2"),
        ({"cells": 0}, {"C2", "C3", "C4", "C5", "C8"}, "needs cells"),
    ],
)
def test_what_is_taken_away_is_named_where_it_matters(change: dict[str, Any], lost: set[str], remedy: str) -> None:
    facts = WHOLE | change
    assert testable(facts) == testable(WHOLE) - lost
    assert all(remedy in claims.testability(facts)[name] for name in lost)


def test_five_genes_of_the_signature_are_enough() -> None:
    assert "C3" in testable(WHOLE | {"genes": set(PROGENITOR[:5])})


def test_sorted_cells_may_be_declared_or_named() -> None:
    plain = WHOLE | {"roles": {}, "levels": {}}
    assert "C2" not in testable(plain)
    assert "C2" in testable(plain | {"enriched": True})
    levels = {"levels": {"fraction": ["bulk"]}}
    assert "C2" in testable(plain | levels)
    assert "C2" not in testable(plain | levels | {"unsorted": "bulk"})


def test_wells_alone_test_the_claim_on_wells() -> None:
    wells = {"tables": {"limiting_dilution"}, "experiments": {"limiting_dilution": 4}, "cells": 0}
    assert testable(wells) == {"C1"}
    assert "symbols" not in claims.testability(wells)["C3"], "what the cells would lack is no question without cells"


def test_more_data_never_lose_a_claim() -> None:
    poor = WHOLE | {"patients": 2, "tables": set()}
    assert testable(poor) < testable(WHOLE)
    assert testable(WHOLE) == testable(WHOLE | {"patients": 99, "genes": WHOLE["genes"] | {"ACTB"}})


def test_all_that_is_missing_is_said_at_once() -> None:
    said = claims.testability({"patients": 1, "roles": {"patient": "donor"}})["C3"]
    assert "gene symbols" in said
    assert "these data have 1" in said
