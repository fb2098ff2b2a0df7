"""How many groups the cells chapter finds in twins, with its own steps: one where there is one, the states else."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest

from fxyd3 import cells
from fxyd3.data.simulate import twin

NULL_CELLS, CELLS = 1500, 6000
NULL_TWINS, TWINS = 100, 20
LEAST = 0.8  # adjusted Rand index with the planted states


@dataclass(frozen=True)
class Groups:
    """Groups found in the sorted cells of one twin, and the adjusted Rand index of the partition with the states."""

    groups: int
    lower: float
    upper: float
    agreement: float


def groups(seed: int, *, null: bool, size: int) -> Groups:
    """Take one twin from counts to the chosen partition, as the chapter does."""
    from sklearn.metrics import adjusted_rand_score

    kept, _ = cells.qc(twin(size, seed=seed, null=null))
    cells.normalise(kept, exclude=["FXYD3"])
    cells.embed(kept, seed=seed, umap=False)
    claimed, _, _ = cells.claimed_cells(kept)
    found = cells.stability(kept[claimed], seed=seed)
    cells.cluster(kept, resolution=found.resolution, seed=seed)
    mine = kept.obs[claimed]
    agreement = float(adjusted_rand_score(mine["truth_state"].astype(str), mine["cluster"].astype(str)))
    return Groups(found.groups, found.lower, found.upper, agreement)


def one_group(seed: int) -> bool:
    """Whether a twin in which nothing is planted gives one group."""
    return groups(seed, null=True, size=NULL_CELLS).groups == 1


def states(seed: int) -> bool:
    """Whether the partition of a twin at book size agrees with its planted states."""
    return groups(seed, null=False, size=CELLS).agreement >= LEAST


def row(what: str, held: list[bool]) -> dict[str, object]:
    """Lay out one row of the table of checks: how often it held, with its exact interval."""
    interval = binomtest(sum(held), len(held)).proportion_ci(method="exact")
    return {"kind": "groups", "claim": "C2", "what": what, "estimator": "stability of Leiden groups, chapter 3",
            "twins": len(held), "share": sum(held) / len(held), "low": interval.low, "high": interval.high}  # fmt: skip


def rows(one: list[bool], same: list[bool]) -> list[dict[str, object]]:
    """Lay out the results of ``one_group`` over null twins and of ``states`` over planted ones."""
    return [
        row(f"one group found where there is one, {NULL_CELLS:,} cells", one),
        row(f"partition agrees with the planted states (index at least {LEAST}), {CELLS:,} cells", same),
    ]
