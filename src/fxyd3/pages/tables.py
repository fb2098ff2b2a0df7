"""The page on tables and files: what a reader's own tables hold is written from the schemas that check them."""

from itertools import takewhile
from typing import Any

from fxyd3.pages.commands import pipes

UNITS = {
    "baseMean": "counts",
    "cells": "cells",
    "cells_per_well": "cells per well",
    "chemotherapy_nM": "nM",
    "column": "number",
    "counted": "cells",
    "dose_nM": "nM",
    "glycoside_nM": "nM",
    "hours": "hours",
    "lfcSE": "log2",
    "log2FoldChange": "log2",
    "luminescence": "any",
    "padj": "probability",
    "pvalue": "probability",
    "replicate": "number",
    "stat": "standard errors",
    "tolerant_counted": "cells",
    "viability": "any",
    "viable": "cells",
    "weight": "any",
    "wells_positive": "wells",
    "wells_tested": "wells",
}
"""Units of the columns that hold numbers."""


def page() -> str:
    """Return the page in MyST, below what its file says of a run: the tables that a reader can give."""
    from fxyd3.pages.reference import rst

    anchor = rst(".. py:data:: ASSAYS", "   :module: fxyd3.data.assays", "", "   The kinds of assay table, by name.")
    return "\n\n".join(["## Tables that you can give", anchor, *(described(name) for name in headings())]) + "\n"


def schemas() -> dict[str, Any]:
    """Return the schema of each table that has one, by the name of its template."""
    from fxyd3.data import assays

    others = (assays.sorted_cells, assays.contrasts, assays.persister_signatures)
    return {kind.name: kind.schema() for kind in assays.ASSAYS.values()} | {make.__name__: make() for make in others}


def headings() -> dict[str, list[str]]:
    """Return what the page beside the templates says of each: its heading and text, and its table, by lines."""
    from fxyd3.paths import book_file

    text = book_file("data", "templates", "README.md").read_text(encoding="utf-8")
    sections = [section.splitlines() for section in text.split("\n## ")[1:]]
    return {lines[0].partition(".csv")[0]: lines for lines in sections}


def described(name: str) -> str:
    """Return the section of a table: how it is given, and its columns with type, unit, meaning and checks.

    The layout of plates has no schema, as its columns may be written in several ways: its table is the page's own.
    """
    heading, *lines = headings()[name]
    said = "\n".join(takewhile(lambda line: not line.startswith("|"), lines)).strip()
    schema = schemas().get(name)
    if schema is None:
        return f"### {heading}\n\n{said}\n\n" + "\n".join(line for line in lines if line.startswith("|"))
    rows = [(f"`{column}`", *column_row(column, what)) for column, what in schema.columns.items()]
    table = pipes(("Column", "Type", "Unit", "What it holds", "Checks"), rows)
    whole = [f"Of each row: {each.error}." for each in schema.checks]
    return "\n\n".join([f"### {heading}", said, table, *whole])


def column_row(name: str, what: Any) -> tuple[str, str, str, str]:
    """Return type, unit, meaning and checks of a column."""
    kind = str(what.dtype)
    number = kind.startswith(("int", "float"))
    checks = [*(each.error for each in what.checks), *(["once only"] if what.unique else [])]
    checks += (["may be empty"] if what.nullable else []) + ([] if what.required else ["may be left out"])
    words = {"int": "whole number", "flo": "number"}
    return words.get(kind[:3], "text"), UNITS[name] if number else "–", what.description, "; ".join(checks) or "–"
