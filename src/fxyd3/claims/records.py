"""Evidence, its verdict, and what it was made with: the file a chapter leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fxyd3.claims.claim import load_claims
from fxyd3.claims.evidence import Control, Evidence
from fxyd3.claims.rule import Verdict, control_passes, decide
from fxyd3.errors import InputError
from fxyd3.files import write_json


@dataclass(frozen=True, repr=False)
class Record:
    """Evidence with its verdict and its context.

    Attributes
    ----------
    evidence, verdict
        What was found, and what it says by the claim's rule.
    source, simulated, hash
        Name of the data for people, whether they are simulated, and the sha256 of the input.
    versions
        Package to version.
    written
        When, ISO 8601 in UTC.
    choices
        Parameters of the chapter that differ from its defaults, files and folders apart.
    """

    evidence: Evidence
    verdict: Verdict
    source: str
    simulated: bool
    hash: str
    versions: Mapping[str, str] = field(default_factory=dict)
    written: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The verdict for people: sign and word, and that the data were simulated where a verdict rests on them."""
        simulated = self.simulated and self.verdict is not Verdict.NOT_TESTABLE
        return f"{self.verdict.icon} {self.verdict}{' in simulated data' if simulated else ''}"

    def sentence(self) -> str:
        """Return the finding as one sentence, with estimate, interval, n, and "simulated" when the data are."""
        found, claim = self.evidence, load_claims()[self.evidence.claim]
        data = f"{'simulated' if self.simulated else 'measured'} data ({self.source})"
        if self.verdict is Verdict.NOT_TESTABLE:
            return f"With {data}, {claim.id} is not testable: {(found.missing or claim.lacking).rstrip('.')}."
        numbers = f"{estimate(found)} {claim.scale}, {100 * found.confidence:g}% interval {interval(found)}"
        said = f"In {data}, the {claim.estimand} is {numbers}, n = {found.n} {found.unit}: {claim.id} is {self.verdict}"
        blocked = self.verdict is Verdict.INCONCLUSIVE and control_passes(claim, found)
        return said + (", because the negative control passes the same rule." if blocked else ".")

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, the evidence's own fields first."""
        found = asdict(self.evidence)
        context = {"source": self.source, "simulated": self.simulated, "hash": self.hash, "versions": {**self.versions},
                   "choices": {**self.choices}}  # fmt: skip
        return {"claim": found.pop("claim"), "verdict": str(self.verdict), "sentence": self.sentence(), **found,
                "context": context | {"written": self.written}}  # fmt: skip

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Record":
        """Return the record that :meth:`to_dict` gave; KeyError, TypeError or ValueError when it is none."""
        fields = {k: v for k, v in content.items() if k not in {"verdict", "sentence", "context", "text", "chapter"}}
        control = fields.pop("control")
        evidence = Evidence(**fields, control=Control(**control) if control else None)
        return cls(evidence, Verdict(content["verdict"]), **content["context"])

    def __repr__(self) -> str:
        return self.sentence()

    def _repr_markdown_(self) -> str:
        found = self.evidence
        heading = f"**{found.claim} {self.shown}:** {load_claims()[found.claim].claim}"
        rows = [heading, self.sentence(), f"*Method:* {found.method.rstrip('.')}."]
        if found.control:
            rows.append(f"*Negative control:* {found.control.what}: {bracket(found.control)}.")
        rows.append(f"*This speaks of:* {found.scope.rstrip('.')}.")
        return "\n\n".join(rows)


def record(evidence: Evidence, folder: Path, context: Mapping[str, Any]) -> Record:
    """Decide a claim by its rule and write ``folder/<claim>.json``, whole or not at all.

    Parameters
    ----------
    evidence
        What the chapter found.
    folder
        The run's evidence folder; made if it is not there.
    context
        ``source``, ``simulated``, ``hash``, ``versions`` and ``choices``, as in :class:`Record`.

    Returns
    -------
    Record
        Shows itself as Markdown in a notebook.

    When not to use
    ---------------
    To look at a number before deciding on a rule: what is recorded is final for that run.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.claims import Evidence, record
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> context = {"source": "made up", "simulated": True, "hash": "", "versions": {}}
    >>> with TemporaryDirectory() as folder:
    ...     kept = record(found, Path(folder), context)
    ...     print([path.name for path in Path(folder).iterdir()])
    ['C1.json']
    >>> str(kept.verdict)
    'supported'
    """
    made = Record(
        evidence, decide(load_claims()[evidence.claim], evidence), **context,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip
    write_json(folder / f"{evidence.claim}.json", made.to_dict())
    return made


def read_record(path: Path) -> Record:
    """Read one evidence file; raises InputError, naming it, when it is broken.

    When not to use
    ---------------
    For all evidence of a run: :func:`fxyd3.claims.ledger` reads the folder.
    """
    try:
        return Record.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"The evidence file {path} is broken: delete it and run its chapter again.") from None


def number(value: float) -> str:
    """Return a number for a sentence: three digits, a true minus sign, and no noise around zero."""
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, 3) + 0.0:.3g}"
    return shown.replace("-", "−")


def estimate(found: Evidence | Control) -> str:
    """Return the estimate for a sentence; a dash when there is none."""
    return "–" if found.estimate is None else number(found.estimate)


def interval(found: Evidence | Control) -> str:
    """Return the interval for a sentence; a dash when there is none."""
    return "–" if found.lower is None or found.upper is None else f"{number(found.lower)} to {number(found.upper)}"


def bracket(found: Evidence | Control) -> str:
    """Return ``estimate [lower to upper]`` for a table."""
    return f"{estimate(found)} [{interval(found)}]"
