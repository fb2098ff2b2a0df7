from collections.abc import Callable

import anndata
import pytest

from fxyd3 import cells
from fxyd3.claims import Verdict, decide, load_claims

SIGNATURE = [f"SIG{i}" for i in range(30)]
Halved = tuple[anndata.AnnData, cells.HeldOut]


def test_verdicts_on_planted_groups(halved: Halved) -> None:
    own, genes = halved[0].copy(), halved[1]
    claims = load_claims()
    difference = cells.progenitor_difference(own, SIGNATURE, n_control=4)
    sorting = cells.sortability(own, genes=genes)
    progenitors = cells.evidence_progenitors(difference, scope="all")
    sortable = cells.evidence_sortability(sorting, scope="all")
    assert decide(claims["C3"], progenitors) is Verdict.SUPPORTED
    assert decide(claims["C5"], sortable) is Verdict.SUPPORTED
    assert progenitors.n == sortable.n == 4
    assert progenitors.unit == "patients"


def test_four_groups_contradict_five(prepared: anndata.AnnData) -> None:
    evidence = cells.evidence_groups(cells.stability(prepared, n_subsamples=6), scope="sorted cells")
    assert decide(load_claims()["C2"], evidence) is Verdict.CONTRADICTED
    unsorted = cells.evidence_groups(cells.stability(prepared, n_subsamples=6), scope="all", missing="not sorted")
    assert decide(load_claims()["C2"], unsorted) is Verdict.NOT_TESTABLE
    assert unsorted.estimate == 4


@pytest.mark.parametrize("make", [cells.evidence_progenitors, cells.evidence_sortability])
def test_what_is_missing_is_told(make: Callable[..., object]) -> None:
    evidence = make(None, scope="all", missing="no symbols")
    assert evidence.missing == "no symbols"  # type: ignore[attr-defined]
    assert evidence.estimate is None  # type: ignore[attr-defined]


def test_claimed_cells(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    mask, words, missing = cells.claimed_cells(own)
    assert mask.all()
    assert "not sorted" in words
    assert "--fraction" in missing
    mask, words, missing = cells.claimed_cells(own, enriched=True)
    assert mask.all()
    assert missing == ""
    own.obs["fraction"] = ["NRP1-high"] * 400 + ["unsorted"] * (own.n_obs - 400)
    own.obs["condition"] = ["before"] * 300 + ["after"] * (own.n_obs - 300)
    mask, words, missing = cells.claimed_cells(own)
    assert mask.sum() == 300
    assert words.endswith("before treatment")
    assert missing == ""
    mask, words, missing = cells.claimed_cells(own, min_cells=350)
    assert mask.all()
    assert "fewer than 350" in missing
