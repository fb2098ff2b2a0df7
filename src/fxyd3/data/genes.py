"""Names of genes: symbols, Ensembl ids, other species, outdated names."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from fxyd3.data.reading import reading
from fxyd3.data.report import DataError, Findings, few
from fxyd3.paths import book_file

ENSEMBL = re.compile(r"ENSG\d{11}")
VERSION = re.compile(r"\.\d+(?=$|_PAR_Y$)|_PAR_Y$")
OTHER_SPECIES = re.compile(r"ENS(?!G\d)[A-Z]{3,4}G\d{11}|(mm9|mm10|GRCm3[89])_")
MOUSE_SYMBOL = re.compile(r"[A-Z][a-z][a-z0-9-]*$")
SPIKE_IN = re.compile(r"ERCC-\d{5}$")
SYMBOL_COLUMNS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "gene_short_name", "symbol",
                  "symbols", "hgnc_symbol", "external_gene_name", "approved_symbol")  # fmt: skip
PREVIOUS_COLUMNS = ("prev_symbol", "previous_symbols", "previous_symbol", "alias_symbol", "alias_symbols")

Kind = Literal["symbols", "ensembl", "numbers"]


@cache
def _known_symbols() -> frozenset[str]:
    lines = book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines()
    return frozenset(gene.upper() for line in lines for gene in line.split("\t")[2:])


@cache
def _outdated() -> dict[str, str]:
    with book_file("data", "symbols.csv").open(encoding="utf-8", newline="") as handle:
        return {row["old"]: row["new"] for row in csv.DictReader(handle)}


def count_genes(names: Iterable[str]) -> int:
    """Count the names that are certainly genes: Ensembl ids of any species, or symbols of the book's gene sets."""
    known = _known_symbols()
    return sum(name.upper() in known or re.match(r"ENS[A-Z]{0,4}G\d{11}", name) is not None for name in names)


def kind_of(names: Iterable[str]) -> Kind:
    """Tell what most gene names are."""
    names = list(names)
    if 2 * sum(ENSEMBL.match(name) is not None for name in names) >= len(names):
        return "ensembl"
    return "numbers" if 2 * sum(name.isdigit() for name in names) > len(names) else "symbols"


def refuse_other_species(names: Iterable[str], where: str) -> None:
    """Raise for genes that are not human: by Ensembl ids, a genome prefix, or the way mouse symbols are written."""
    names = list(names)
    marked = [name for name in names if OTHER_SPECIES.match(name)]
    written = [name for name in names if MOUSE_SYMBOL.match(name)]
    if len(marked) > 0.05 * len(names):
        mixed = len(marked) < 0.95 * len(names)
        raise DataError(
            f"{len(marked):,} of {len(names):,} genes of {where} are not human (such as {few(marked, 2)})",
            "keep the human cells and genes only" if mixed else "map the genes to their human orthologues first",
        )
    if len(written) > 0.5 * len(names):
        raise DataError(
            f"The genes of {where} are written as mouse symbols (such as {few(written, 3)})",
            "map the genes to their human orthologues first",
        )


class GeneTable:
    """A table of gene names given by the reader: ids, symbols, and (as from HGNC) previous symbols and aliases."""

    def __init__(self, path: str) -> None:
        from fxyd3.data.tables import layout  # which recognises tables of counts by gene names, so needs this module

        self.name = Path(path).name
        with reading(Path(path), "table of genes"):
            form = layout(Path(path))
            headed = not any(ENSEMBL.match(name) for name in form.names)
            columns = form.names if headed else ["gene_id", "symbol", *map(str, range(2, len(form.names)))]
            table = pd.read_csv(path, sep=form.separator, header=None, skiprows=int(headed), names=columns, dtype=str,
                                keep_default_na=False, encoding="utf-8-sig")  # fmt: skip
        by_plain_name = {re.sub(r"\W+", "_", str(name)).lower(): name for name in table.columns}
        symbol = next((by_plain_name[name] for name in SYMBOL_COLUMNS if name in by_plain_name), None)
        ids = [name for name in ("ensembl_gene_id", "ensembl_id", "gene_id", "gene_ids", "ensembl", "id", "entrez_id")
               if name in by_plain_name]  # fmt: skip
        previous = [by_plain_name[name] for name in PREVIOUS_COLUMNS if name in by_plain_name]
        if symbol is None or not (ids or previous):
            raise DataError(
                f"The table of genes {self.name} has the columns {few(map(str, table.columns), 8)}",
                "it needs a column 'symbol', and 'gene_id' (or 'prev_symbol' to bring symbols up to date)",
            )
        table = table[table[symbol] != ""]
        self.current = frozenset(table[symbol])
        self.symbol_of_id: dict[str, str] = {}
        if ids:
            plain = table[by_plain_name[ids[0]]].str.replace(VERSION, "", regex=True)
            self.symbol_of_id = dict(zip(plain, table[symbol], strict=True))
        self.renames = [self._renames(table[symbol], table[column]) for column in previous]

    @staticmethod
    def _renames(symbols: "pd.Series[str]", old_names: "pd.Series[str]") -> dict[str, str]:
        pairs = {
            (old, new)
            for new, olds in zip(symbols, old_names, strict=True)
            for old in re.split(r"[|,]\s*", olds)
            if old
        }
        times = Counter(old for old, _ in pairs)
        return {old: new for old, new in pairs if times[old] == 1}

    def newer(self, symbol: str) -> str:
        """Return the symbol's present name: itself where it is current, not known, or claimed by more than one gene."""
        if symbol in self.current:
            return symbol
        return next((renames[symbol] for renames in self.renames if symbol in renames), symbol)


def name_genes(
    var: pd.DataFrame, found: Findings, *, table: GeneTable | None, where: str
) -> tuple[list[str], list[str] | None, Kind]:
    """Name genes by symbols where those are known, else by Ensembl ids.

    Returns
    -------
    names, ids, kind
        Names in the order of `var` (not yet unique), Ensembl ids without version (None where not known), and what the
        names are.

    Raises
    ------
    InputError
        For genes of another species, numbers without symbols, or a table of genes that knows none of them.
    """
    names = [str(name) for name in var.index]
    refuse_other_species(names, where)
    kind = kind_of(names)
    if kind == "symbols":
        id_column = next(
            (c for c in var.columns if var[c].dtype.kind == "O" and kind_of(var[c].astype(str)) == "ensembl"), None
        )
        ids = None if id_column is None else [VERSION.sub("", str(value)) for value in var[id_column]]
        found.recognised("genes are named by symbols")
        return _up_to_date(names, found, table), ids, kind
    plain = [VERSION.sub("", name) for name in names]
    ids = plain if kind == "ensembl" else None
    if table is not None and table.symbol_of_id:
        known = [table.symbol_of_id.get(name, "") for name in plain]
        origin = table.name
        if not any(known):
            raise DataError(
                f"The table of genes {table.name} (with ids such as {few(table.symbol_of_id, 2)}) knows none of "
                f"the genes of {where} (such as {few(names, 2)})",
                "give the table with the ids of these data",
            )
    else:
        column = next((c for c in var.columns if re.sub(r"\W+", "_", str(c)).lower() in SYMBOL_COLUMNS), None)
        known = [] if column is None else ["" if pd.isna(value) else str(value) for value in var[column]]
        origin = f"var['{column}']"
    if any(known):
        refuse_other_species(filter(None, known), where)
        count = sum(symbol not in ("", name) for symbol, name in zip(known, plain, strict=True))
        found.mended(
            f"{count:,} of {len(names):,} genes named by their symbols from {origin}; the others keep their ids"
        )
        return _up_to_date([s or name for s, name in zip(known, plain, strict=True)], found, table), ids, "symbols"
    if kind == "numbers":
        raise DataError(
            f"The genes of {where} are numbered, not named", "give their symbols, or a table of them with --genes"
        )
    found.recognised(
        "genes are named by Ensembl ids, and their symbols are not known; what needs symbols cannot be tested",
        "give a table with the columns gene_id and symbol with --genes (features.tsv of the same reference will do)",
    )
    return plain, ids, "ensembl"


def _up_to_date(names: list[str], found: Findings, table: GeneTable | None) -> list[str]:
    if table is not None and table.renames:
        newer = {name: table.newer(name) for name in names}
        times = Counter(new for name, new in newer.items() if new != name)
        changes = {o: n for o, n in newer.items() if n != o and n not in newer and times[n] == 1}
        if changes:
            told = few((f"{old} to {new}" for old, new in changes.items()), 10)
            found.mended(f"{len(changes):,} gene symbols brought up to date from {table.name}: {told}")
        names = [changes.get(name, name) for name in names]
    old = {name: _outdated()[name] for name in names if name in _outdated()}
    if old:
        told = few((f"{name} (now {new.replace('|', ' or ')})" for name, new in old.items()), 10)
        found.recognised(
            f"{len(old):,} gene symbols look outdated: {told}",
            "to bring them up to date, give a table with symbol and prev_symbol (HGNC's complete set) with --genes",
        )
    return names


def leave_out_spike_ins(
    X: sparse.csr_matrix, var: pd.DataFrame, found: Findings
) -> tuple[sparse.csr_matrix, pd.DataFrame]:
    """Leave out ERCC spike-ins, which are not genes of the cell."""
    spike = np.array([SPIKE_IN.match(str(name)) is not None for name in var.index])
    if not spike.any():
        return X, var
    found.mended(f"{int(spike.sum())} ERCC spike-ins left out")
    return X[:, ~spike], var[~spike]


def merge_genes(X: sparse.csr_matrix, var: pd.DataFrame, found: Findings) -> tuple[sparse.csr_matrix, pd.DataFrame]:
    """Sum the counts of genes that share a name, so that totals per cell stay as they are.

    The first of them keeps its annotations; their ids are joined with ``|``.
    """
    if var.index.is_unique:
        return X, var
    codes, names = pd.factorize(var.index)
    repeated = pd.unique(var.index[var.index.duplicated()])
    onto = sparse.csr_matrix(
        (np.ones(len(codes), np.float32), (np.arange(len(codes)), codes)), (len(codes), len(names))
    )
    merged = var[~var.index.duplicated()].copy()
    if "gene_id" in var:
        ids = var.loc[var.index.isin(repeated), "gene_id"]
        merged.loc[repeated, "gene_id"] = ids.groupby(level=0).agg(lambda same: "|".join(dict.fromkeys(same)))
    found.mended(f"{len(repeated):,} gene names occurred more than once ({few(repeated)}): their counts were summed")
    return (X @ onto).tocsr(), merged
