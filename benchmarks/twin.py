"""Measure what analyses find in many twins; writes ``data/twin/checks.csv``, which the page on the twin shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import binomtest

from benchmarks.recovery import Recovery, chapter, cohort, coverage, drugs, enrichment, groups, supported_on_null
from fxyd3.data.simulate import VERSION

TABLE = Path(__file__).resolve().parents[1] / "data" / "twin" / "checks.csv"
CHEAP, CELLS, CHAPTER = 400, 200, 40  # twins
CHAPTER_CELLS = 1500


def main() -> None:
    """Run all checks on two processes and write the table."""
    cheap = [*enrichment.RECOVERIES, *drugs.RECOVERIES, *cohort.RECOVERIES]
    work = [(check, CHEAP) for check in cheap] + [(check, CELLS) for check in cohort.SLOW_RECOVERIES]
    claimed = [(check, n) for check, n in work if check.claim] + [(check, CELLS) for check in cohort.NULL_ONLY]
    with Parallel(n_jobs=2) as pool:
        rows = pool(delayed(covered)(check, n) for check, n in work)
        rows += pool(delayed(on_null)(check, n) for check, n in claimed)
        runs = pool(delayed(chapter.verdicts)(seed, null=True, cells=CHAPTER_CELLS) for seed in range(1, CHAPTER + 1))
        one = pool(delayed(groups.one_group)(seed) for seed in range(1, groups.NULL_TWINS + 1))
        same = pool(delayed(groups.states)(seed) for seed in range(1, groups.TWINS + 1))
    supported = Counter(claim for run in runs for claim, verdict in run.items() if verdict == "supported")
    rows += [
        null_row(claim, f"chapter 3 on {CHAPTER_CELLS:,} cells", supported[claim], CHAPTER) for claim in sorted(runs[0])
    ]
    rows += groups.rows(one, same)
    pd.DataFrame(rows).assign(version=VERSION).to_csv(TABLE, index=False, float_format="%.4g", lineterminator="\n")
    print(pd.read_csv(TABLE, keep_default_na=False).to_string())


def covered(check: Recovery, n: int) -> dict[str, object]:
    """One row: how often the interval held the planted value."""
    found = coverage(check, n)
    return {
        "kind": "coverage", "claim": check.claim, "what": check.what, "unit": check.unit, "estimator": check.estimator,
        "twins": n, "share": found["covered"], "low": found["covered_low"], "high": found["covered_high"],
        "bias": found["bias"],
    }  # fmt: skip


def on_null(check: Recovery, n: int) -> dict[str, object]:
    """One row: how often the claim was called supported where nothing was planted."""
    return null_row(check.claim, check.what, supported_on_null(check, n), n) | {"estimator": check.estimator}


def null_row(claim: str, what: str, supported: int, n: int) -> dict[str, object]:
    """Lay out one row of null twins."""
    interval = binomtest(supported, n).proportion_ci(method="exact")
    return {"kind": "null twin", "claim": claim, "what": what, "twins": n, "share": supported / n, "low": interval.low,
            "high": interval.high}  # fmt: skip


if __name__ == "__main__":
    main()
