"""The chapters that run, in their order: what `fxyd3 run` executes and the book shows."""

from dataclasses import dataclass
from pathlib import Path

from fxyd3.errors import InputError
from fxyd3.paths import book_file
from fxyd3.rerun.parameters import (
    BackgroundParameters,
    CellsParameters,
    EnrichmentParameters,
    RescueParameters,
    ScorecardParameters,
    StudyParameters,
    ToleranceParameters,
    TwinParameters,
)

GALLERY = "gallery"
"""Folder of pages on public measured data, which do not travel with the book: shown as they were executed."""


@dataclass(frozen=True)
class Chapter:
    """One executable chapter.

    ``needs`` names the chapters whose evidence or stages it reads; ``cells`` says that it cannot do without cells.
    """

    slug: str
    page: str
    parameters: type[StudyParameters]
    needs: tuple[str, ...] = ()
    cells: bool = False

    @property
    def notebook(self) -> Path:
        """The chapter as written, with the outputs of the published run."""
        return book_file("chapters", f"{self.page}.ipynb")


CHAPTERS = {
    chapter.slug: chapter
    for chapter in (
        Chapter("background", "01-background", BackgroundParameters),
        Chapter("enrichment", "02-enrichment", EnrichmentParameters),
        Chapter("cells", "03-cells", CellsParameters, cells=True),
        Chapter("tolerance", "04-tolerance", ToleranceParameters, needs=("cells",)),
        Chapter("rescue", "05-rescue", RescueParameters),
        Chapter("scorecard", "06-scorecard", ScorecardParameters, needs=("enrichment", "cells", "tolerance", "rescue")),
        Chapter("twin", "reference/twin", TwinParameters),
    )
}


def chapter(slug: str) -> Chapter:
    """Return a chapter by its slug; raises InputError for an unknown one."""
    if slug not in CHAPTERS:
        raise InputError(f"There is no chapter '{slug}' that runs: the chapters are {', '.join(CHAPTERS)}.")
    return CHAPTERS[slug]


def claim_links() -> dict[str, str]:
    """Return the address of the section that tests each claim, from the pages of the chapters.

    Returns
    -------
    dict of str
        By claim.

    Examples
    --------
    >>> from fxyd3.rerun import claim_links
    >>> claim_links()["C1"]
    '02-enrichment.html#claim-c1'
    """
    from fxyd3 import claims

    pages = {name: CHAPTERS[claim.chapter].page for name, claim in claims.load_claims().items()}
    return {name: f"{page}.html#claim-{name.lower()}" for name, page in pages.items()}
