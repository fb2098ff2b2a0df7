"""`fxyd3 check` says whether a data set fits the book, and which claims it can test."""

from collections.abc import Mapping
from typing import Any


def check(
    data: str, *, genes: str = "", obs: str = "", roles: Mapping[str, str] | None = None, select: str = "",
    unsorted: str = "unsorted", enriched: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Examine data before any kernel starts; nothing is written.

    Parameters
    ----------
    data
        ``"twin"``, a catalogue name, a file or folder, or several separated by commas.
    genes, obs, roles, select
        As for :func:`fxyd3.data.load`.
    unsorted
        Level of the fraction column that was not sorted.
    enriched
        Whether all cells come from an NRP1 or IGF1R sort.

    Returns
    -------
    dict
        The report of the data (`findings` and what was recognised), ``claims`` (for each claim ``testable``, and what
        is missing where it is not) and ``fits`` (False when something is wrong). JSON-ready.

    Raises
    ------
    InputError
        When there is nothing to examine: no such file, or a format that is not known.
    """
    from fxyd3.claims import load_claims, testability
    from fxyd3.data import examine

    report = examine(data, genes=genes, obs=obs, roles=roles, select=select)
    missing = testability({**report.facts(), "unsorted": unsorted, "enriched": enriched})
    claims = {
        claim.id: {"claim": claim.claim, "testable": not missing[claim.id], "missing": missing[claim.id]}
        for claim in load_claims().values()
    }
    wrong = any(finding.level == "wrong" for finding in report.findings)
    return {"fits": not wrong, **report.to_dict(), "claims": claims}


def show(result: Mapping[str, Any]) -> None:
    """Print the result of :func:`check` as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    kind = "simulated" if result["simulated"] else "measured"
    console.print(f"[bold]{result['source']}[/bold]: {result['n_cells']:,} cells, {result['n_genes']:,} genes, {kind}")
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
