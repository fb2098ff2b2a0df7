"""`fxyd3 check` says whether a data set fits the book, and which claims it can test."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fxyd3.data.assays import ASSAYS, AssayTable, read_assay, twin_assay
from fxyd3.data.report import Findings, Report

if TYPE_CHECKING:
    import pandas as pd


def check(
    data: str, *, tables: Mapping[str, str] | None = None, genes: str = "", obs: str = "",
    roles: Mapping[str, str] | None = None, select: str = "", unsorted: str = "unsorted", enriched: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Examine data and assay tables before any kernel starts; nothing is written.

    Parameters
    ----------
    data
        ``"twin"``, a catalogue name, a file or folder, or several separated by commas; empty: no cells.
    tables
        Assay tables: path by kind (:data:`fxyd3.data.assays.ASSAYS`).
    genes, obs, roles, select
        As for :func:`fxyd3.data.load`.
    unsorted
        Level of the fraction column, and group of the wells, that was not sorted.
    enriched
        Whether all cells come from an NRP1 or IGF1R sort.

    Returns
    -------
    dict
        The report of the data (`findings` and what was recognised, tables included), ``tables`` (what is known of each
        that can be read), ``claims`` (for each claim ``testable``, and what is missing where it is not) and ``fits``
        (False when something is wrong). JSON-ready.

    Raises
    ------
    InputError
        When there is nothing to examine: no such file, or a format that is not known.
    """
    from fxyd3.claims import load_claims, testability
    from fxyd3.data import examine

    report = examine(data, genes=genes, obs=obs, roles=roles, select=select) if data else Report("")
    found = Findings(strict=False)
    read: dict[str, AssayTable] = {}
    for name, path in (tables or {}).items():
        with found.step():
            read[name] = read_assay(name, path)
            found.found.extend(read[name].findings)
    report = replace(report, findings=(*report.findings, *found.found))
    known = {name: assay.table for name, assay in read.items()}
    if data.split(":")[0] == "twin":
        known = {name: twin_assay(name).table for name in ASSAYS if name not in (tables or {})} | known
    experiments = {name: _experiments(table, unsorted) for name, table in known.items()}
    facts = {"experiments": experiments, "tables": set(experiments), "unsorted": unsorted, "enriched": enriched}
    missing = testability(report.facts() | facts)
    claims = {
        claim.id: {"claim": claim.claim, "testable": not missing[claim.id], "missing": missing[claim.id]}
        for claim in load_claims().values()
    }
    wrong = any(finding.level == "wrong" for finding in report.findings)
    about = {name: assay.about for name, assay in read.items()}
    return {"fits": not wrong, **report.to_dict(), "tables": about, "claims": claims}


def _experiments(table: "pd.DataFrame", unsorted: str) -> int:
    """Return in how many experiments the unsorted group stands beside another; without groups, how many there are."""
    experiments = table["experiment"] if "experiment" in table else table.index.to_series() * 0
    if "group" not in table:
        return int(experiments.nunique())
    groups = table["group"].groupby(experiments).agg(set)
    return int(groups.map(lambda names: unsorted in names and len(names) > 1).sum())


def _kind(about: Mapping[str, Any]) -> str:
    return "simulated" if about["simulated"] else "measured"


def show(result: Mapping[str, Any]) -> None:
    """Print the result of :func:`check` as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if result["source"]:
        size = f"{result['n_cells']:,} cells, {result['n_genes']:,} genes"
        console.print(f"[bold]{result['source']}[/bold]: {size}, {_kind(result)}")
    for assay in result["tables"].values():
        size = f"{assay['what']}, {assay['rows']:,} rows"
        console.print(f"[bold]{assay['source']}[/bold]: {size}, {_kind(assay)}")
    table = Table("", "what", "what to do", title="The data", title_justify="left")
    marks = {"recognised": "✔ recognised", "mended": "⟳ mended", "wrong": "✘ wrong"}
    for finding in result["findings"]:
        table.add_row(marks[finding["level"]], finding["what"], finding["remedy"])
    console.print(table)
    claims = Table("", "claim", "can it be tested?", title="The claims", title_justify="left")
    for name, claim in result["claims"].items():
        claims.add_row(
            name, claim["claim"], "✔ testable" if claim["testable"] else f"– not testable: {claim['missing']}"
        )
    if result["fits"]:
        console.print(claims)
    verdict = (
        "These data fit. Next: fxyd3 run" if result["fits"] else "These data do not fit yet: mend what is marked wrong"
    )
    console.print(f"[bold]{verdict}.[/bold]")
