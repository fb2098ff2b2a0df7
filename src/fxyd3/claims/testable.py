"""Which claims a data set can test, before anything runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from fxyd3.claims.claim import Claim, load_claims
from fxyd3.errors import InputError
from fxyd3.paths import book_file

FEWEST_GENES = 5


def testability(facts: Mapping[str, Any]) -> dict[str, str]:
    """Say for each claim what the data lack.

    Parameters
    ----------
    facts
        What is known of the data: ``symbols`` (bool: gene symbols, not Ensembl ids alone), ``genes`` (set of gene
        names), ``patients`` (int), ``roles`` (role to column), ``levels`` (role to its levels), ``tables`` (set of
        assay tables), ``experiments`` (assay table to its number of experiments that hold sorted and unsorted cells),
        ``enriched`` (bool: all cells come from an NRP1 or IGF1R sort), ``cells`` (int; 0: there are none). What is not
        there counts as absent. ``unsorted`` names the level of the fraction that was not sorted; "unsorted" if not
        given.

    Returns
    -------
    dict of str
        By claim id: empty when testable, else what is missing and how to mend it.

    When not to use
    ---------------
    As a promise of power: three patients make a claim testable, not decidable.

    Examples
    --------
    What cells without annotations can test, from what is known of them:

    >>> from fxyd3.claims import testability
    >>> testability({})["C8"].split(";")[0]
    'needs gene symbols: give a table of gene ids and symbols with --genes'
    """
    return {name: "; ".join(_missing(claim, facts)) for name, claim in load_claims().items()}


def _missing(claim: Claim, facts: Mapping[str, Any]) -> Iterator[str]:
    needs, roles, levels = claim.needs, facts.get("roles", {}), facts.get("levels", {})
    unsorted = facts.get("unsorted", "unsorted")
    if claim.lacking and not (needs.tables and set(needs.tables) <= set(facts.get("tables", ()))):
        yield f"needs {claim.lacking}"
    elif few := [n for name in needs.tables if (n := facts.get("experiments", {}).get(name, 0)) < needs.experiments]:
        yield (
            f"needs sorted and unsorted cells side by side in at least {needs.experiments} experiments: the table has "
            f"{min(few)}; name them in a column 'experiment', and call the group that was not sorted '{unsorted}'"
        )
    if facts.get("cells") == 0 and (needs.symbols or needs.sorted or needs.conditions or needs.patients):
        yield "needs cells: give a file or folder of counts"
        return
    if needs.symbols and not facts.get("symbols"):
        yield "needs gene symbols: give a table of gene ids and symbols with --genes"
    elif needs.symbols:
        yield from _missing_genes(claim, frozenset(facts.get("genes", ())))
    sorted_levels = set(levels.get("fraction", ())) - {unsorted}
    if needs.sorted and not facts.get("enriched") and not sorted_levels:
        yield "needs cells sorted on NRP1 or IGF1R: name the column with --fraction, or say --enriched if all cells are"
    if needs.conditions and "condition" not in roles:
        yield "needs cells from before and after treatment: name the column with --condition"
    elif len(levels.get("condition", ())) < needs.conditions:
        yield (
            f"needs cells from before and after treatment: the column '{roles['condition']}' holds "
            f"only {', '.join(levels.get('condition', ())) or 'empty values'}"
        )
    if needs.patients and "patient" not in roles:
        yield f"needs at least {needs.patients} patients: name their column with --patient"
    elif facts.get("patients", 0) < needs.patients:
        yield f"needs at least {needs.patients} patients: these data have {facts.get('patients', 0)}"


def _missing_genes(claim: Claim, genes: frozenset[str]) -> Iterator[str]:
    absent = [gene for gene in claim.needs.genes if gene not in genes]
    if absent:
        yield f"needs {', '.join(absent)} among the genes: if it has an older name there, give a table with --genes"
    if claim.needs.signature:
        present = len(_signature(claim.needs.signature) & genes)
        if present < FEWEST_GENES:
            yield (
                f"needs at least {FEWEST_GENES} genes of the signature {claim.needs.signature}: "
                f"{present} are there; if the genes have older names, give a table with --genes"
            )


def _signature(name: str) -> frozenset[str]:
    file = book_file("data", "signatures.gmt")
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}\t"):
            return frozenset(line.split("\t")[2:])
    raise InputError(f"There is no gene set '{name}' in {file}: a claim in claims.yml asks for it.")
