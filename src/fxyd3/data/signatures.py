"""Published gene sets."""

import re
from types import MappingProxyType

import pandas as pd

from fxyd3.data.report import nearest
from fxyd3.errors import InputError
from fxyd3.paths import book_file, public_file

PROFILE = MappingProxyType(
    {
        "luminal progenitor": {"LIM_MAMMARY_LUMINAL_PROGENITOR_UP": 1},
        "mature luminal": {"LIM_MAMMARY_LUMINAL_MATURE_UP": 1},
        "MaSC/basal": {"LIM_MAMMARY_STEM_CELL_UP_SHORTLIST": 1},
        "luminal progenitor (Wu)": {"WU2021_GARNETT_EPITHELIAL_LUMINAL_PROGENITOR": 1},
        "mature luminal (Wu)": {"WU2021_GARNETT_EPITHELIAL_LUMINAL_MATURE": 1},
        "myoepithelial (Wu)": {"WU2021_GARNETT_BASAL_MYOEPITHELIAL": 1},
        "cell cycle": {"WU2021_GARNETT_EPITHELIAL_CYCLING": 1},
        "EMT": {"CHEMOPERSISTANCE_HALLMARK_EMT": 1},
        "stress (TNF)": {"CHEMOPERSISTANCE_HALLMARK_TNFA": 1},
        "diapause": {"REHMAN2021_DIAPAUSE_UP": 1, "REHMAN2021_DIAPAUSE_DOWN": -1},
    }
)
"""What a group of cells is asked about: short names, and the sets of ``data/signatures.gmt`` with their sign."""

UNSOURCED = ("alveolar", "hypoxia")
"""Names that the story uses or a reader would ask for, and for which no published list has been read."""


def gene_set(name: str) -> tuple[str, ...]:
    """Return the genes of a published set in ``data/signatures.gmt``.

    Parameters
    ----------
    name
        Of the set, as in the file.

    Returns
    -------
    tuple of str
        Symbols as published, in the order of the file.

    Raises
    ------
    InputError
        If no set has this name; gives the names there are.

    Examples
    --------
    The first genes of a set:

    >>> from fxyd3.data import gene_set
    >>> gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")[:3]
    ('ACSL1', 'ALDH1A3', 'ANPEP')
    """
    sets = _sets()
    if name not in sets:
        raise InputError(
            f"There is no gene set '{name}'{nearest(name, sets)} in data/signatures.gmt: "
            f"choose one of {', '.join(sets)}."
        )
    return sets[name]


def gene_sets(*names: str) -> pd.DataFrame:
    """Return published sets as one signed net, as ``fxyd3.cells.activity`` reads it.

    Parameters
    ----------
    *names
        Short names of ``PROFILE``, names of sets in ``data/signatures.gmt``, or names that begin with ``lim2009_``:
        those are read from the public table ``signatures.csv``, which does not travel with the book. All of
        ``PROFILE`` if none is given.

    Returns
    -------
    One row per set and gene, in the order given: ``source`` (the name), ``target`` (symbol as published; a dot that
    stands for a dash is one again), ``weight`` (float64; 1 or -1, for ``lim2009_`` the log2 fold change against the
    other populations).

    Raises
    ------
    InputError
        If a name is known nowhere, is given twice, or is one of ``UNSOURCED``; if the public table is not here.

    References
    ----------
    Lim 2010, doi:10.1186/bcr2560. Lim 2009, doi:10.1038/nm.2000. Wu 2021, doi:10.1038/s41588-021-00911-1. Rehman 2021,
    doi:10.1016/j.cell.2020.11.018.

    When not to use
    ---------------
    To say what a cell *is*: a list tells what other cells, elsewhere, expressed. The EMT list has nine genes, and cells
    that were dissociated express the stress genes for that reason alone.

    Examples
    --------
    The diapause set has genes that rise and genes that fall, the EMT list only genes that rise:

    >>> from fxyd3.data import gene_sets
    >>> gene_sets("EMT", "diapause").groupby("source")["weight"].agg(["min", "max"])
              min  max
    source
    EMT       1.0  1.0
    diapause -1.0  1.0
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"The gene set '{name}' is asked for {names.count(name)} times: name it once.")
    return pd.concat([_net(name) for name in names or PROFILE], ignore_index=True)


def lists_with(gene: str) -> tuple[str, ...]:
    """Name the sets of ``data/signatures.gmt`` that contain a gene, in the order of the file; empty if none does.

    Parameters
    ----------
    gene
        Symbol.

    Returns
    -------
    tuple of str
        Names of the sets.

    When not to use
    ---------------
    As evidence that a gene marks a cell. Lists are short and miss most genes.

    Examples
    --------
    A gene of two lists of luminal progenitors, and one of none:

    >>> from fxyd3.data import lists_with
    >>> lists_with("KIT")
    ('LIM_MAMMARY_LUMINAL_PROGENITOR_UP', 'WU2021_GARNETT_EPITHELIAL_LUMINAL_PROGENITOR')
    >>> lists_with("NO-SUCH-GENE")
    ()
    """
    return tuple(name for name, genes in _sets().items() if gene in map(_symbol, genes))


def _sets() -> dict[str, tuple[str, ...]]:
    lines = book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines()
    return {row[0]: tuple(row[2:]) for row in (line.split("\t") for line in lines)}


def _symbol(gene: str) -> str:
    """Give the dash back that the first dot stands for, save in accessions such as AP000769.1."""
    return re.sub(r"^(?![A-Z]{2}\d{6}\.)([^.]+)\.", r"\1-", gene)


def _net(name: str) -> pd.DataFrame:
    if name.startswith("lim2009_"):
        table = pd.read_csv(public_file("signatures.csv"))
        kept = table.loc[table["signature"] == name, ["signature", "gene", "weight"]]
        if kept.empty:
            known = table["signature"][table["signature"].str.startswith("lim2009_")].unique()
            raise InputError(f"There is no gene set '{name}' in signatures.csv: choose one of {', '.join(known)}.")
        return kept.set_axis(["source", "target", "weight"], axis=1)
    sets = _sets()
    if name in UNSOURCED:
        raise InputError(
            f"There is no sourced gene set for '{name}': the book has read no published list of it; "
            "give a list of your own with its source."
        )
    if name not in PROFILE and name not in sets:
        raise InputError(
            f"There is no gene set '{name}'{nearest(name, [*PROFILE, *sets])}: choose one of "
            f"{', '.join([*PROFILE, *sets])}."
        )
    signs = PROFILE.get(name, {name: 1})
    pairs = {_symbol(gene): float(sign) for source, sign in signs.items() for gene in sets[source]}
    return pd.DataFrame({"source": name, "target": list(pairs), "weight": list(pairs.values())})
