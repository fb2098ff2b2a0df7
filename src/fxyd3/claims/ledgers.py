"""The nine claims side by side, with what a run found."""

import json
from pathlib import Path
from typing import Any

from fxyd3.claims.claim import Claim, Untestable, load_claims
from fxyd3.claims.records import Record, read_record
from fxyd3.claims.rule import Verdict
from fxyd3.errors import InputError
from fxyd3.files import write_json


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
    To show all nine claims: :class:`fxyd3.claims.Scorecard`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.claims import Evidence, ledger, record
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> context = {"source": "made up", "simulated": True, "hash": "", "versions": {}}
    >>> with TemporaryDirectory() as folder:
    ...     _ = record(found, Path(folder), context)
    ...     print([str(each.verdict) for each in ledger(Path(folder))])
    ['supported']
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

    Examples
    --------
    A run that has tested nothing yet: all nine claims, with why they have no verdict.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.claims import write_ledger
    >>> with TemporaryDirectory() as folder:
    ...     rows = write_ledger(Path(folder, "evidence"), Path(folder, "ledger.json"))
    >>> len(rows), rows[-1]["verdict"]
    (9, 'not testable')
    """
    found = {record.evidence.claim: record.to_dict() for record in ledger(folder)}
    rows = [
        {"claim": name, "text": claim.claim, "chapter": claim.chapter, **found.get(name, without_evidence(claim))}
        for name, claim in load_claims().items()
    ]
    write_json(path, rows)
    return rows


def read_ledger(path: Path) -> list[Record]:
    """Read what a run found, from its folder or from a ``ledger.json`` that was kept of it.

    Parameters
    ----------
    path
        A run folder, its evidence folder, or the JSON file that :func:`write_ledger` wrote.

    Raises
    ------
    InputError
        When there is no such thing, or it holds no evidence, or is broken.

    When not to use
    ---------------
    For a run that goes on: claims without evidence are left out, and nobody says which will follow.

    Examples
    --------
    A run that is kept with the book, in which nothing was planted:

    >>> from fxyd3.claims import read_ledger
    >>> from fxyd3.paths import book_file
    >>> records = read_ledger(book_file("data", "ledgers", "null-twin.json"))
    >>> records[0].evidence.claim, str(records[0].verdict)
    ('C1', 'contradicted')
    """
    inside = path / "evidence"
    found = ledger(inside if inside.is_dir() else path) if path.is_dir() else _from_file(path)
    if not found:
        raise InputError(f"There is no evidence in {path}: give the folder of a run, or its ledger.json.")
    return found


def _from_file(path: Path) -> list[Record]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Record.from_dict(row) for row in rows if "context" in row]
    except OSError:
        raise InputError(f"There is no run at {path}: give the folder of a run, or its ledger.json.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is no ledger: give the ledger.json that a run left in its folder.") from None


def without_evidence(claim: Claim) -> dict[str, Any]:
    """Return verdict and reason of a claim that nothing was found on.

    When not to use
    ---------------
    For a claim that was tested: its record says more.
    """
    if isinstance(claim.rule, Untestable):
        return {"verdict": str(Verdict.NOT_TESTABLE), "reason": f"needs {claim.lacking}"}
    return {"verdict": None, "reason": f"the chapter '{claim.chapter}' tests this claim and has not run in this run"}
