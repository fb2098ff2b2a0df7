"""The nine claims over any number of runs: verdicts, estimates, robustness, and what would change a verdict."""

import html
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fxyd3.claims.claim import Greater, load_claims
from fxyd3.claims.ledgers import without_evidence
from fxyd3.claims.needed import MOST, cannot_plan, chances, replicates_needed, spread
from fxyd3.claims.records import Record, bracket
from fxyd3.claims.rule import Verdict
from fxyd3.errors import InputError
from fxyd3.files import replacing, write_json

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8


@dataclass(frozen=True)
class Scorecard:
    """What runs found on the nine claims, side by side. It only reads; it computes no verdict.

    Attributes
    ----------
    runs
        Name of a run to its records, the run that is shown first.
    links
        Claim id to the address of the section that tests it.

    Raises
    ------
    InputError
        When there is no run.

    When not to use
    ---------------
    To pool runs into one verdict: runs of the same data are not independent, and a simulated run is no evidence.

    Examples
    --------
    Two runs that are kept with the book, side by side:

    >>> from fxyd3.claims import Scorecard, read_ledger
    >>> from fxyd3.paths import book_file
    >>> names = ("null-twin", "twin-15-components")
    >>> card = Scorecard({name: read_ledger(book_file("data", "ledgers", f"{name}.json")) for name in names})
    >>> card.table.groupby("run").size().to_dict()
    {'null-twin': 8, 'twin-15-components': 8}
    """

    runs: Mapping[str, Sequence[Record]]
    links: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.runs:
            raise InputError("A scorecard needs at least one run: give the folder of a run.")

    @property
    def first(self) -> dict[str, Record]:
        """The records of the first run, by claim."""
        return {record.evidence.claim: record for record in next(iter(self.runs.values()))}

    @property
    def label(self) -> str:
        """What figures of the scorecard carry: whether the data are simulated, measured or both."""
        kinds = {record.simulated for records in self.runs.values() for record in records}
        if len(kinds) == 2:
            return "Simulated and measured data"
        return "Simulated data" if True in kinds else "Measured data"

    @property
    def data_sets(self) -> "pd.DataFrame":
        """The rows of :attr:`table` of the first run, and of all that made no other choices than the defaults."""
        rows = self.table
        chosen = rows.loc[rows["choices"] != "{}", "run"]
        return rows[~rows["run"].isin(set(chosen) - {next(iter(self.runs))})]

    @property
    def same_data(self) -> "pd.DataFrame":
        """The rows of :attr:`table` on the data of the first run: itself, and other choices of analysis."""
        first = {(name, record.hash) for name, record in self.first.items()}
        rows = self.table
        mine = [pair in first for pair in zip(rows["claim"], rows["hash"], strict=True)]
        others = rows[mine & (rows["choices"] != "{}").to_numpy()]["claim"]
        return rows[mine & rows["claim"].isin(others).to_numpy()]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row for each run and claim, numbers as numbers; what cannot be told is missing.

        Columns: ``run``, ``claim``, ``verdict``, ``estimate``, ``lower``, ``upper``, ``confidence``, ``n``, ``unit``,
        ``control_estimate``, ``control_lower``, ``control_upper``, ``missing``, ``source``, ``simulated``, ``hash``,
        ``choices`` (JSON), ``written``, ``fxyd3`` (version).
        """
        import pandas as pd

        rows = [{"run": name, **_row(record)} for name, records in self.runs.items() for record in records]
        return pd.DataFrame(rows, columns=["run", *_COLUMNS])

    def sentences(self) -> list[str]:
        """Return one sentence for each of the nine claims, made from the verdicts of the first run."""
        found = self.first
        return [
            found[name].sentence() if name in found else _without(name, **without_evidence(claim))
            for name, claim in load_claims().items()
        ]

    def robustness(self) -> "pd.DataFrame":
        """Return what other choices of analysis say of the same data, one row for each run and claim that differ.

        Runs are set beside the first one when their input has the same hash and their parameters are others. Columns:
        ``claim``, ``run``, ``choices``, ``verdict``, ``estimate [interval]``, ``same verdict``; the first run itself
        stands first for each claim.
        """
        import pandas as pd

        rows = []
        for name, record in self.first.items():
            others = [(run, other) for run, other in self._others(name) if _other_choices(record, other)]
            if others and record.evidence.estimate is not None:
                for run, each in ((next(iter(self.runs)), record), *others):
                    rows.append([name, run, _told(each.choices), each.shown, bracket(each.evidence),
                                 "yes" if each.verdict is record.verdict else "no"])  # fmt: skip
        columns = ["claim", "run", "choices", "verdict", "estimate [interval]", "same verdict"]
        return pd.DataFrame(rows, columns=columns).set_index("claim")

    def _others(self, claim: str) -> Iterator[tuple[str, Record]]:
        for run, records in list(self.runs.items())[1:]:
            yield from ((run, record) for record in records if record.evidence.claim == claim)

    def sources(self) -> "pd.DataFrame":
        """Return what each run was made from: data, simulated or measured, hash of the input, version."""
        import pandas as pd

        rows: dict[tuple[str, str], dict[str, str]] = {}
        for run, records in self.runs.items():
            for source in dict.fromkeys(record.source for record in records):
                own = [record for record in records if record.source == source]
                rows[run, source] = {
                    "data are": "simulated" if own[0].simulated else "measured",
                    "claims": ", ".join(record.evidence.claim for record in own),
                    "choices": _told({k: v for record in own for k, v in record.choices.items()}),
                    "sha256 of the input": own[0].hash[:12],
                    "fxyd3": own[0].versions.get("fxyd3", ""),
                }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(rows, names=["run", "data"])
        return table

    def needed(self, *, seed: int = 1) -> "pd.DataFrame":
        """Return what would change the verdicts of the first run: replicates a study would need, by simulation.

        Columns: ``verdict``, ``n``, ``same verdict again`` (share of studies of this size, if the effect is as
        estimated, that would reach it), ``n to decide it, if as estimated`` and ``n to refute it, if there is
        no effect`` (80% of the studies; in brackets the same with the spread between replicates at the limits of its
        interval), ``note``.
        """
        import pandas as pd

        rows = {name: _needed(record, seed) for name, record in self.first.items()}
        columns = ["verdict", "n", "same verdict again", "n to decide it, if as estimated",
                   "n to refute it, if there is no effect", "note"]  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Return all records of all runs as JSON-ready values, by run."""
        return {run: [record.to_dict() for record in records] for run, records in self.runs.items()}

    def write(self, folder: Path) -> list[Path]:
        """Write ``scorecard.csv`` (:attr:`table`) and ``scorecard.json`` (all records), whole or not at all."""
        with replacing(folder / "scorecard.csv") as partial:
            self.table.to_csv(partial, index=False)
        write_json(folder / "scorecard.json", self.to_dict())
        return [folder / "scorecard.csv", folder / "scorecard.json"]

    def downloads(self) -> str:
        """Return HTML with two links that hold the table as CSV and the records as JSON themselves."""
        files = {
            "scorecard.csv": ("text/csv", self.table.to_csv(index=False)),
            "scorecard.json": ("application/json", json.dumps(self.to_dict(), ensure_ascii=False)),
        }
        links = (
            f'<a download="{name}" href="data:{kind};base64,{b64encode(text.encode()).decode()}">{name}</a>'
            for name, (kind, text) in files.items()
        )
        return f'<p class="downloads">Download: {" · ".join(links)}</p>'

    def _repr_html_(self) -> str:
        found = self.first
        heads = ("", "claim", "verdict", "estimate [interval]", "n", "negative control", "what it speaks of")
        rows = "".join(self._html_row(name, found.get(name)) for name in load_claims())
        head = "".join(f'<th scope="col">{text}</th>' for text in heads)
        return f'<table class="dataframe scorecard"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'

    def at_a_glance(self) -> str:
        """Return HTML with a tile for each claim: its number, its words, the verdict of the first run.

        Returns
        -------
        str
            A list, to be set into a page.
        """
        found = self.first
        tiles = []
        for name, claim in load_claims().items():
            record = found.get(name)
            verdict = str(record.verdict) if record else without_evidence(claim)["verdict"]
            shown = badge(verdict, simulated=bool(record and record.simulated))
            link = html.escape(self.links.get(name, ""))
            said = f'<a href="{link}"><b>{name}</b> {html.escape(claim.claim)}</a>'
            tiles.append(f"<li>{said}<span>{shown}</span></li>")
        return f'<ol class="glance">{"".join(tiles)}</ol>\n'

    def __repr__(self) -> str:
        return "\n".join(self.sentences())

    def _html_row(self, name: str, record: Record | None) -> str:
        claim = load_claims()[name]
        link = self.links.get(name)
        title = f'<a href="{html.escape(link)}">{name}</a>' if link else name
        if record is None:
            absent = without_evidence(claim)
            cells = [badge(absent["verdict"]), "", "", "", absent["reason"]]
        else:
            found = record.evidence
            scale = "" if found.estimate is None else f"{bracket(found)} {claim.scale}"
            scope = f"{found.scope}; not testable: {found.missing}" if found.missing else found.scope
            control = bracket(found.control) if found.control else ""
            verdict = badge(str(record.verdict), simulated=record.simulated)
            cells = [verdict, *map(html.escape, (scale, f"{found.n} {found.unit}", control, scope))]
        body = "".join(f"<td>{cell}</td>" for cell in (html.escape(claim.claim), *cells))
        return f'<tr><th scope="row">{title}</th>{body}</tr>'


def _without(claim: str, verdict: str | None, reason: str) -> str:
    return f"{claim} is {verdict}: it {reason}." if verdict else f"{claim} has no verdict here: {reason}."


def _told(choices: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in choices.items()) or "defaults"


def badge(verdict: str | None, *, simulated: bool = False) -> str:
    """Return a verdict as HTML: sign and word, and that the data were simulated where it rests on them.

    When not to use
    ---------------
    In text: :attr:`fxyd3.claims.Record.shown` says the same.
    """
    if verdict is None:
        return "not run"
    shown = f"{Verdict(verdict).icon}&nbsp;{verdict}"
    word = f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{shown}</span>'
    said = simulated and verdict != Verdict.NOT_TESTABLE
    return word + (' <span class="badge-simulated">in simulated data</span>' if said else "")


_COLUMNS = ("claim", "verdict", "estimate", "lower", "upper", "confidence", "n", "unit", "control_estimate",
            "control_lower", "control_upper", "missing", "source", "simulated", "hash", "choices", "written",
            "fxyd3")  # fmt: skip


def _row(record: Record) -> dict[str, Any]:
    found, control = record.evidence, record.evidence.control
    row = {name: getattr(found, name) for name in _COLUMNS if hasattr(found, name)}
    row |= {name: getattr(record, name) for name in ("source", "simulated", "hash", "written")}
    if control:
        row |= {f"control_{name}": getattr(control, name) for name in ("estimate", "lower", "upper")}
    return row | {"verdict": str(record.verdict), "choices": json.dumps({**record.choices}),
                  "fxyd3": record.versions.get("fxyd3", "")}  # fmt: skip


def _other_choices(record: Record, other: Record) -> bool:
    return other.hash == record.hash and {**other.choices} != {**record.choices}


def _needed(record: Record, seed: int) -> list[Any]:
    found = record.evidence
    shown = [record.shown, f"{found.n} {found.unit}"]
    if reason := cannot_plan(found):
        return [*shown, "", "", "", reason]
    rule, sd = load_claims()[found.claim].rule, spread(found)
    assert isinstance(rule, Greater)  # noqa: S101 -- told by cannot_plan
    assert found.estimate is not None  # noqa: S101
    again = chances(found, found.n, effect=found.estimate, sd=sd.estimate, seed=seed)[record.verdict]
    note = "" if found.estimate >= rule.smallest else "an effect as estimated is too small: it would be contradicted"
    needs = [_range(record, effect, seed) for effect in (found.estimate, rule.null)]
    return [*shown, f"{100 * again:.0f}%", *needs, note]


def _range(record: Record, effect: float, seed: int) -> str:
    found, sd = record.evidence, spread(record.evidence)
    told = [replicates_needed(found, effect=effect, sd=s, power=POWER, seed=seed) for s in sd]
    middle, low, high = (f"over {MOST:,}" if n is None else f"{n:,}" for n in told)
    return f"{middle} ({low} to {high})"
