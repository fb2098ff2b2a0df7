"""Claims: what the paper says, the evidence on it, the rule that decides, and the ledger.

Everything is imported when it is first used, so that the command line stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fxyd3.claims.claim import Claim, load_claims
    from fxyd3.claims.evidence import Control, Evidence
    from fxyd3.claims.interval import Interval, t_interval
    from fxyd3.claims.ledgers import ledger, read_ledger, write_ledger
    from fxyd3.claims.needed import Spread, chances, replicates_needed, spread
    from fxyd3.claims.records import Record, record
    from fxyd3.claims.rule import Verdict, decide
    from fxyd3.claims.scorecard import Scorecard
    from fxyd3.claims.testable import testability

__all__ = [
    "Claim",
    "Control",
    "Evidence",
    "Interval",
    "Record",
    "Scorecard",
    "Spread",
    "Verdict",
    "chances",
    "decide",
    "ledger",
    "load_claims",
    "read_ledger",
    "record",
    "replicates_needed",
    "spread",
    "t_interval",
    "testability",
    "write_ledger",
]

_HOME = {
    "Claim": "claim", "load_claims": "claim", "Verdict": "rule", "decide": "rule", "Control": "evidence",
    "Evidence": "evidence", "Interval": "interval", "t_interval": "interval", "ledger": "ledgers",
    "read_ledger": "ledgers", "write_ledger": "ledgers", "Record": "records", "record": "records",
    "testability": "testable", "Scorecard": "scorecard", "Spread": "needed", "chances": "needed",
    "replicates_needed": "needed", "spread": "needed",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
