"""Differential expression of persisters as others have tabled it: genes and signatures over contrasts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fxyd3.claims._holm import holm
from fxyd3.data.activity import in_blocks
from fxyd3.data.reading import reading
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

COLUMNS = {
    "contrast": "contrast",
    "gene": "gene",
    "baseMean": "mean",
    "log2FoldChange": "log2fc",
    "lfcSE": "se",
    "stat": "stat",
    "pvalue": "p",
    "padj": "p_adjusted",
}
ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
AGAINST = "_VS_"


def read_contrasts(path: str | Path) -> pd.DataFrame:
    """Read DESeq2 tables: one long table with a column ``contrast``, or a table per contrast (a file, or a folder).

    Parameters
    ----------
    path
        CSV, or tab-separated text (``.tsv``, ``.txt``), packed with gzip or not. Without a column ``contrast`` the name
        of the file names it; a first column without a name holds the genes, as R writes row names.

    Returns
    -------
    One row per contrast and gene: ``contrast``, ``gene``, ``mean`` (of normalised counts), ``log2fc``, ``se``,
    ``stat``, ``p``, ``p_adjusted`` (float64). Genes without an estimate (NA in DESeq2: no counts) are left out;
    p-values may be unknown.

    Raises
    ------
    InputError
        If a file cannot be read or has no rows, a folder has no tables, a column is missing, a number is none, a
        standard error is not above 0, or a gene stands twice in a contrast.

    References
    ----------
    Love 2014, doi:10.1186/s13059-014-0550-8 (DESeq2).

    When not to use
    ---------------
    On shrunken fold changes, which have no ``stat``: give the unshrunken table.

    Examples
    --------
    Made-up numbers of two genes, as DESeq2 writes them:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.tolerance import read_contrasts
    >>> made_up = pd.DataFrame({"gene": ["FXYD3", "ATP1A1"], "baseMean": [150, 400], "log2FoldChange": [0.5, -0.1],
    ...                         "lfcSE": [0.25, 0.2], "stat": [2.0, -0.5], "pvalue": [0.05, 0.62], "padj": [0.1, 0.62]})
    >>> with TemporaryDirectory() as folder:
    ...     made_up.to_csv(Path(folder) / "M1_drug_VS_M1_vehicle.csv", index=False)
    ...     table = read_contrasts(folder)
    >>> table[["contrast", "gene", "log2fc", "se"]]
                    contrast    gene  log2fc    se
    0  M1_drug_VS_M1_vehicle   FXYD3     0.5  0.25
    1  M1_drug_VS_M1_vehicle  ATP1A1    -0.1  0.20
    """
    path = Path(path)
    files = sorted(file for file in path.iterdir() if file.name.endswith(ENDINGS)) if path.is_dir() else [path]
    if not files:
        raise InputError(f"There are no tables in {path}: they must end in {', '.join(ENDINGS[:3])} (.gz).")
    table = pd.concat([_read(file) for file in files], ignore_index=True)
    twice = table[table.duplicated(["contrast", "gene"])]
    if len(twice):
        raise InputError(
            f"{path.name} has {twice['gene'].iloc[0]} twice in {twice['contrast'].iloc[0]}: keep one row of each gene."
        )
    return table


def _read(path: Path) -> pd.DataFrame:
    with reading(path, "table of contrasts"):
        table = pd.read_csv(path, sep="," if ".csv" in path.suffixes else "\t")
    if "gene" not in table and str(table.columns[0]).startswith("Unnamed"):
        table = table.rename(columns={table.columns[0]: "gene"})
    if "contrast" not in table:
        table["contrast"] = path.name.removesuffix(next((e for e in ENDINGS[::-1] if path.name.endswith(e)), ""))
    lacking = next((column for column in COLUMNS if column not in table), None)
    if lacking:
        raise InputError(
            f"{path.name} has no column {lacking!r}{nearest(lacking, map(str, table))}: give the table as DESeq2 "
            "writes it."
        )
    table = table[list(COLUMNS)].rename(columns=COLUMNS)
    if table[["contrast", "gene"]].isna().any(axis=None):
        raise InputError(f"{path.name} has a row without its contrast or gene: fill it in or leave the row out.")
    for column in list(table)[2:]:
        number = pd.to_numeric(table[column], errors="coerce").astype(float)
        bad = table[(number.isna() & table[column].notna()) | np.isinf(number)]
        if len(bad):
            raise InputError(f"{path.name} has {bad[column].iloc[0]!r} as {column} of {bad['gene'].iloc[0]}: give a "
                             "number, or NA.")  # fmt: skip
        table[column] = number
    table = table.dropna(subset=["log2fc", "se", "stat"])
    if table.empty:
        raise InputError(f"{path.name} has no gene with an estimate: give the whole table.")
    wrong = table[table["se"] <= 0]
    if len(wrong):
        raise InputError(
            f"The standard error of {wrong['gene'].iloc[0]} in {wrong['contrast'].iloc[0]} is "
            f"{wrong['se'].iloc[0]:g}: it must be above 0."
        )
    return table.astype({"contrast": str, "gene": str}).reset_index(drop=True)


def describe_contrasts(table: pd.DataFrame, *, level: float = 0.05) -> pd.DataFrame:
    """Tell what each contrast compares, in which model, and whether its table was cut at significance.

    Parameters
    ----------
    table
        See ``read_contrasts``.
    level
        Of the adjusted p-value: a table in which no gene lies above it was cut there.

    Returns
    -------
    One row per contrast, as index: ``model`` (what stands before the first underscore), ``treated``, ``control`` (the
    two sides of ``_VS_``; ``control`` is empty where the name has none), ``shares_model_with`` (other contrasts of that
    model: these are not independent), ``genes``, ``rising`` (of them), ``largest_p`` (adjusted), ``cut`` (bool).

    Raises
    ------
    InputError
        If the table is not one of contrasts.

    When not to use
    ---------------
    To learn of models that hide under different names.

    Examples
    --------
    Made-up numbers of two genes:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import describe_contrasts
    >>> table = pd.DataFrame({"contrast": "M1_drug_VS_M1_vehicle", "gene": ["FXYD3", "ATP1A1"], "mean": [150.0, 400.0],
    ...                       "log2fc": [0.5, -0.1], "se": [0.25, 0.2], "stat": [2.0, -0.5], "p": [0.05, 0.62],
    ...                       "p_adjusted": [0.1, 0.62]})
    >>> describe_contrasts(table)[["model", "treated", "control", "genes", "cut"]].T
    contrast M1_drug_VS_M1_vehicle
    model                       M1
    treated                M1_drug
    control             M1_vehicle
    genes                        2
    cut                      False
    """
    _check(table)
    rows = []
    for name, own in table.groupby("contrast", sort=False):
        treated, _, control = str(name).partition(AGAINST)
        largest = float(own["p_adjusted"].max())
        rows.append((name, treated.split("_")[0], treated, control, len(own), int((own["log2fc"] > 0).sum()), largest))
    told = pd.DataFrame(rows, columns=["contrast", "model", "treated", "control", "genes", "rising", "largest_p"])
    others = [", ".join(told["contrast"][(told["model"] == row.model) & (told.index != row.Index)])
              for row in told.itertuples()]  # fmt: skip
    told.insert(4, "shares_model_with", others)
    return told.assign(cut=told["largest_p"] <= level).set_index("contrast")


def gene_over_contrasts(
    table: pd.DataFrame,
    genes: Sequence[str],
    *,
    contrasts: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Show genes over contrasts, with those contrasts in which they are missing.

    Parameters
    ----------
    table
        See ``read_contrasts``.
    genes
        Symbols.
    contrasts
        Which, in this order; all if not given.
    confidence
        Of the intervals (normal).

    Returns
    -------
    One row per gene and contrast: ``gene``, ``contrast``, ``present`` (bool), ``log2fc``, ``se``, ``lower``, ``upper``,
    ``p``, ``p_adjusted`` (unknown where absent).

    Raises
    ------
    InputError
        If a contrast is not known, or none of the genes is in any; if the confidence is outside (0, 1).

    Notes
    -----
    A gene may be absent because it was not expressed, or because the table was cut at significance (see
    ``describe_contrasts``). In the second case what is present was chosen by its effect: it lies too far from zero, and
    what is absent probably lies near it.

    When not to use
    ---------------
    To count contrasts with a significant effect: absence and a different sign are both results.

    Examples
    --------
    Made-up numbers; the gene is absent from the second contrast:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import gene_over_contrasts
    >>> names = ["M1_drug_VS_M1_vehicle", "M2_drug_VS_M2_vehicle"]
    >>> table = pd.DataFrame({"contrast": names, "gene": ["FXYD3", "ATP1A1"], "mean": [150.0, 400.0],
    ...                       "log2fc": [0.5, -0.1], "se": [0.25, 0.2], "stat": [2.0, -0.5], "p": [0.05, 0.62],
    ...                       "p_adjusted": [0.1, 0.62]})
    >>> gene_over_contrasts(table, ["FXYD3"])[["contrast", "present", "log2fc", "lower", "upper"]].round(2)
                    contrast  present  log2fc  lower  upper
    0  M1_drug_VS_M1_vehicle     True     0.5   0.01   0.99
    1  M2_drug_VS_M2_vehicle    False     NaN    NaN    NaN
    """
    _check(table)
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    names = [str(name) for name in table["contrast"].unique()]
    asked = names if contrasts is None else list(contrasts)
    unknown = next((name for name in asked if name not in names), None)
    if unknown is not None:
        raise InputError(f"There is no contrast {unknown!r}{nearest(unknown, names)}: there are {few(names, 10)}.")
    if not table["gene"].isin(genes).any():
        near = nearest(genes[0], table["gene"].unique()) if len(genes) else ""
        raise InputError(f"None of {few(genes) or 'no genes'} is in a contrast{near}: give gene symbols.")
    wanted = pd.MultiIndex.from_product([list(genes), asked], names=["gene", "contrast"])
    found = table.set_index(["gene", "contrast"])[["log2fc", "se", "p", "p_adjusted"]].reindex(wanted).reset_index()
    reach = stats.norm.ppf((1 + confidence) / 2) * found["se"]
    found = found.assign(present=found["log2fc"].notna(), lower=found["log2fc"] - reach, upper=found["log2fc"] + reach)
    return found[["gene", "contrast", "present", "log2fc", "se", "lower", "upper", "p", "p_adjusted"]]


def signatures_over_contrasts(table: pd.DataFrame, signatures: pd.DataFrame, *, min_genes: int = 5) -> pd.DataFrame:
    """Measure how far each contrast goes the way of each signed signature.

    The statistics of all genes of a contrast are regressed on their weights in the signature (ULM).

    Parameters
    ----------
    table
        See ``read_contrasts``.
    signatures
        See ``fxyd3.tolerance.read_signatures``.
    min_genes
        Genes of a signature that a contrast must have; with fewer the numbers are unknown.

    Returns
    -------
    One row per contrast and signature: ``contrast``, ``signature``, ``t`` (above 0: the contrast goes the way of the
    signature), ``p``, ``p_holm`` (over all rows), ``genes`` (of the signature, in the contrast), ``of`` (genes of the
    contrast).

    Raises
    ------
    InputError
        If the tables lack a column, or no signature has enough genes in any contrast.

    Notes
    -----
    Genes are not independent, so that p is far too small: read the sign and the order, not the p. A signature made from
    the same contrast agrees with it by construction.

    References
    ----------
    Badia-i-Mompel 2022, doi:10.1093/bioadv/vbac016.

    When not to use
    ---------------
    Without care on tables that were cut at significance: the genes that did not change, which the others are measured
    against, are not there.

    Examples
    --------
    Made-up statistics; the five genes of the signature rise in the contrast:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import signatures_over_contrasts
    >>> genes = [f"gene{i}" for i in range(1, 13)]
    >>> stat = [3.0, 2.5, 2.0, 3.5, 2.0, -1.0, 0.5, -0.5, 0.2, 0.0, -0.3, 0.6]
    >>> table = pd.DataFrame({"contrast": "M1_drug_VS_M1_vehicle", "gene": genes, "mean": 100.0, "log2fc": stat,
    ...                       "se": 1.0, "stat": stat, "p": 0.5, "p_adjusted": 0.5})
    >>> signature = pd.DataFrame({"signature": "rising", "gene": genes[:5], "weight": 1.0})
    >>> signatures_over_contrasts(table, signature)[["signature", "t", "genes", "of"]].round(1)
      signature    t  genes  of
    0    rising  7.5      5  12
    """
    from anndata import AnnData

    _check(table)
    lacking = next((column for column in ("signature", "gene", "weight") if column not in signatures), None)
    if lacking:
        raise InputError(f"The signatures have no column {lacking!r}: read them with read_signatures.")
    net = signatures[["signature", "gene", "weight"]].set_axis(["source", "target", "weight"], axis=1)
    names, rows = list(net["source"].unique()), []
    for contrast, own in table.groupby("contrast", sort=False):
        here = net[net["target"].isin(own["gene"])].reset_index(drop=True)
        counted = here["source"].value_counts()
        here = here[here["source"].map(counted) >= min_genes]
        scores = pd.Series(np.nan, index=names)
        if len(here):
            values = AnnData(own[["stat"]].to_numpy().T, var=pd.DataFrame(index=own["gene"].to_numpy()))
            scores.update(in_blocks(values, here, method="ulm").iloc[0])
        rows += [(contrast, name, float(scores[name]), int(counted.get(name, 0)), len(own)) for name in names]
    found = pd.DataFrame(rows, columns=["contrast", "signature", "t", "genes", "of"])
    known = found["t"].notna()
    if not known.any():
        raise InputError(f"No signature has {min_genes} genes in a contrast: give gene symbols, or lower min_genes.")
    found["p"] = 2 * stats.t.sf(found["t"].abs(), found["of"] - 2)
    found["p_holm"] = holm(found["p"])
    return found[["contrast", "signature", "t", "p", "p_holm", "genes", "of"]]


def _check(table: pd.DataFrame) -> None:
    lacking = next((column for column in COLUMNS.values() if column not in table), None)
    if lacking:
        raise InputError(f"The contrasts have no column {lacking!r}: read them with read_contrasts.")
