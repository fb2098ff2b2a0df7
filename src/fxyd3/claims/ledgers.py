"""The nine claims side by side, with what a run found."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fxyd3.claims.claim import Claim, Untestable, load_claims
from fxyd3.claims.records import Record, bracket, read_record
from fxyd3.claims.rule import Verdict
from fxyd3.files import write_json

if TYPE_CHECKING:
    import pandas as pd


def ledger(folder: Path) -> list[Record]:
    """Read the evidence of a run, in the order of the claims; claims without evidence are left out.

    Parameters
    ----------
    folder
        The run's evidence folder; an absent one holds nothing.

    Raises
    ------
    InputError
        When an evidence file is broken.

    When not to use
    ---------------
    To show all nine claims: :func:`ledger_table`.
    """
    return [read_record(path) for name in load_claims() if (path := folder / f"{name}.json").is_file()]


def write_ledger(folder: Path, path: Path) -> list[dict[str, Any]]:
    """Write all nine claims as a JSON list, whole or not at all, and return it.

    A claim without evidence has ``verdict`` null and a ``reason``: which chapter would test it. A claim that no data
    can test is always ``not testable``.

    Parameters
    ----------
    folder
        The run's evidence folder.
    path
        The file, usually ``ledger.json`` in the run folder.

    Raises
    ------
    InputError
        When an evidence file is broken.

    When not to use
    ---------------
    To record evidence: :func:`fxyd3.claims.record`.
    """
    found = {record.evidence.claim: record.to_dict() for record in ledger(folder)}
    rows = [
        {"claim": name, "text": claim.claim, "chapter": claim.chapter, **found.get(name, _without_evidence(claim))}
        for name, claim in load_claims().items()
    ]
    write_json(path, rows)
    return rows


def ledger_table(folder: Path) -> "pd.DataFrame":
    """Return the nine claims for display, one row each, indexed by id.

    Parameters
    ----------
    folder
        The run's evidence folder.

    Returns
    -------
    DataFrame
        Text columns ``claim``, ``verdict`` (sign and word, and whether the data were simulated),
        ``estimate [interval]``, ``n``, ``negative control`` and ``scope``; for a claim without a verdict ``scope``
        says why.

    Raises
    ------
    InputError
        When an evidence file is broken.

    When not to use
    ---------------
    To compute with: :func:`ledger` holds the numbers.
    """
    import pandas as pd

    found = {record.evidence.claim: record for record in ledger(folder)}
    rows = {name: [claim.claim, *_cells(claim, found.get(name))] for name, claim in load_claims().items()}
    columns = ["claim", "verdict", "estimate [interval]", "n", "negative control", "scope"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _cells(claim: Claim, record: Record | None) -> list[str]:
    if record is None:
        row = _without_evidence(claim)
        verdict = f"{Verdict(row['verdict']).icon} {row['verdict']}" if row["verdict"] else "not run"
        return [verdict, "", "", "", row["reason"]]
    found = record.evidence
    scale = "" if found.estimate is None else f"{bracket(found)} {claim.scale}"
    scope = f"{found.scope}; not testable: {found.missing}" if found.missing else found.scope
    return [record.shown, scale, f"{found.n} {found.unit}", bracket(found.control) if found.control else "", scope]


def _without_evidence(claim: Claim) -> dict[str, Any]:
    if isinstance(claim.rule, Untestable):
        return {"verdict": str(Verdict.NOT_TESTABLE), "reason": f"needs {claim.lacking}"}
    return {"verdict": None, "reason": f"the chapter '{claim.chapter}' tests this claim and has not run in this run"}
