"""Text tables: counts in either orientation, and annotations of cells or genes."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from fxyd3.data.genes import count_genes
from fxyd3.data.report import DataError, few

VALUES_AT_ONCE = 8_000_000


@dataclass(frozen=True)
class Layout:
    """How a table is written: separator, names of all columns, and how many lead with text."""

    separator: str
    names: list[str]
    text_columns: int


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a text file, unpacking it when its name ends in ``.gz``."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline=None) as handle:
            yield handle
    else:
        with path.open(encoding="utf-8-sig") as handle:
            yield handle


def layout(path: Path) -> Layout:
    """Recognise how a table is written from its first two lines.

    A header with one name fewer than there are columns is R's: the first column holds the row names.

    Raises
    ------
    InputError
        When the table has no second line, or its first two lines do not agree in their number of columns.
    """
    with opened(path) as handle:
        lines = [line.rstrip("\r\n") for line in islice(handle, 2)]
    if len(lines) < 2:
        raise DataError(f"{path.name} has no rows below its header", "give the whole table")
    for separator in "\t,; ":
        header, row = (next(csv.reader([line], delimiter=separator), []) for line in lines)
        if len(row) > 1 and len(row) - len(header) in (0, 1):
            names = [""] * (len(row) - len(header)) + header
            text = next((i for i, value in enumerate(row) if i and _is_number(value)), len(row))
            return Layout(separator, names, text)
    raise DataError(
        f"{path.name} is not a table, since its first two lines do not agree in their number of columns",
        "separate columns by commas or tabs, and give the same number in every row",
    )


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return text == "NA"
    return True


def read_counts(path: Path) -> ad.AnnData:
    """Read a table of counts, genes in rows or in columns, block by block into a sparse matrix.

    Which side holds the genes is recognised from gene symbols or Ensembl ids. Leading columns of text are kept as
    annotations of what stands in the rows.

    Raises
    ------
    InputError
        When rows differ in length, a value is missing or not a number, or neither side holds genes.
    """
    form = layout(path)
    columns = form.names[form.text_columns :]
    if not columns:
        raise DataError(f"{path.name} holds no numbers", "give the table of counts; annotations of cells go to --obs")
    at_once = max(1, VALUES_AT_ONCE // len(columns))
    labels: list[list[str]] = []
    blocks: list[sparse.csr_matrix] = []
    with opened(path) as handle:
        next(handle)
        while lines := [line.rstrip("\r\n") for line in islice(handle, at_once) if line.strip()]:
            cut = [line.split(form.separator, form.text_columns) for line in lines]
            try:
                values = np.loadtxt(
                    [row[-1] for row in cut],
                    dtype=np.float32,
                    delimiter=form.separator,
                    comments=None,
                    quotechar='"',
                    ndmin=2,
                )
                if values.shape != (len(cut), len(columns)):
                    raise ValueError
            except ValueError:
                raise _first_bad_row(path, form, cut, len(labels)) from None
            labels += [[text.strip('"') for text in row[:-1]] for row in cut]
            blocks.append(sparse.csr_matrix(values))
    matrix = sparse.vstack(blocks, format="csr")
    rows = pd.DataFrame(labels, columns=[name or "name" for name in form.names[: form.text_columns]], dtype=object)
    genes_in_rows = [count_genes(rows.iloc[:, i]) for i in range(rows.shape[1])]
    genes_in_columns = count_genes(columns)
    if not genes_in_columns and not max(genes_in_rows):
        raise DataError(
            f"{path.name} has gene names neither in its rows (such as {few(rows.iloc[:, 0], 2)}) "
            f"nor in its columns (such as {few(columns, 2)})",
            "name the genes by their symbols or Ensembl ids",
        )
    by_gene = max(genes_in_rows) >= genes_in_columns
    named_by = int(np.argmax(genes_in_rows)) if by_gene else 0
    annotations = rows.drop(columns=rows.columns[named_by]).set_axis(rows.iloc[:, named_by].rename(None), axis=0)
    others = pd.DataFrame(index=pd.Index(columns, dtype=object))
    if by_gene:
        return ad.AnnData(matrix.T.tocsr(), obs=others, var=annotations)
    return ad.AnnData(matrix, obs=annotations, var=others)


def _first_bad_row(path: Path, form: Layout, rows: list[list[str]], before: int) -> DataError:
    remedy = "every row needs one whole number for each column (0 where nothing was counted)"
    for number, row in enumerate(rows, start=before + 2):
        values = row[-1].split(form.separator) if len(row) > form.text_columns else []
        wanted = len(form.names) - form.text_columns
        if len(values) != wanted:
            return DataError(
                f"Line {number} of {path.name} has {len(values)} values where the header has {wanted}", remedy
            )
        bad = next((value for value in values if value == "NA" or not value or not _is_number(value.strip('"'))), None)
        if bad is not None:
            return DataError(f"Line {number} of {path.name} holds '{bad}', which is not a number", remedy)
    return DataError(f"{path.name} holds values that are not numbers below line {before + 1}", remedy)


def read_annotations(path: Path) -> pd.DataFrame:
    """Read a table of annotations as it stands; row names of R come first, as a column named ``""``."""
    form = layout(path)
    names = pd.Index(form.names)
    if names.has_duplicates:
        raise DataError(f"{path.name} has two columns named '{names[names.duplicated()][0]}'", "give each its own name")
    return pd.read_csv(path, sep=form.separator, header=None, skiprows=1, names=form.names, encoding="utf-8-sig")
