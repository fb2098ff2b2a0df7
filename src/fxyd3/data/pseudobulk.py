"""Counts summed over the cells of a sample, and tests of such sums with PyDESeq2."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from fxyd3.data.counts import _problem, as_csr
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

BLOCK = 10_000  # cells

Contrast = Mapping[tuple[str, str], float]
"""Weight by factor and level, such as ``{("condition", "after"): 1, ("condition", "before"): -1}``."""


def whole_counts(adata: "AnnData", layer: str | None = None) -> csr_matrix:
    """Return the raw counts in a layer (if none is named in ``layers["counts"]``, else in ``X``): CSR, float32.

    Raises
    ------
    InputError
        If there is no such layer, it does not hold counts, or a gene has its name twice.

    When not to use
    ---------------
    To find counts wherever they stand in a new file: see ``fxyd3.data.load``.
    """
    if layer is not None and layer not in adata.layers:
        raise InputError(
            f"there are no counts in layers[{layer!r}]{nearest(layer, adata.layers)}: name a layer that there is, or "
            "none."
        )
    name = layer or ("counts" if "counts" in adata.layers else None)
    values = adata.X if name is None else adata.layers[name]
    where = "X" if name is None else f"layers[{name!r}]"
    problem = "is empty" if values is None or 0 in values.shape else _problem(values)
    if problem:
        raise InputError(f"{where} {problem}: give the raw counts (whole numbers, before normalisation).")
    if not adata.var_names.is_unique:
        twice = adata.var_names[adata.var_names.duplicated()][0]
        raise InputError(f"the gene {twice} stands twice in the data: sum its counts into one.")
    return as_csr(values)


def add_up(counts: csr_matrix, sample: NDArray[np.intp], n: int) -> NDArray[np.int64]:
    """Sum the counts of the cells of each sample; exact, and in blocks of cells.

    Parameters
    ----------
    counts
        Cells x genes, whole numbers.
    sample
        Of each cell, from 0 to ``n - 1``; -1 for cells of none.
    n
        Samples.

    Returns
    -------
    Samples x genes.

    When not to use
    ---------------
    For many thousands of samples: the result is dense.
    """
    summed = np.zeros((n, counts.shape[1]))
    for start in range(0, counts.shape[0], BLOCK):
        of = sample[start : start + BLOCK]
        inside = np.flatnonzero(of >= 0)
        member = csr_matrix((np.ones(len(inside)), (of[inside], inside)), shape=(n, len(of)))
        summed += (member @ counts[start : start + BLOCK]).toarray()
    return summed.round().astype(np.int64)


def size_factors(counts: pd.DataFrame) -> NDArray[np.float64]:
    """Return the size of each sample: the median ratio over the genes found in every sample.

    Parameters
    ----------
    counts
        Samples x genes, all of them, not only those tested, most of which may differ.

    Raises
    ------
    InputError
        If no gene is found in every sample.

    References
    ----------
    Love 2014, doi:10.1186/s13059-014-0550-8.

    When not to use
    ---------------
    Where most genes change in the same direction.
    """
    from pydeseq2.preprocessing import deseq2_norm

    everywhere = (counts > 0).all()
    if not everywhere.any():
        raise InputError("no gene is found in every sample, so that samples cannot be scaled: give deeper counts.")
    return np.asarray(deseq2_norm(counts.loc[:, everywhere])[1])


def fit_counts(
    counts: pd.DataFrame,
    about: pd.DataFrame,
    *,
    size: NDArray[np.float64],
    contrasts: Mapping[str, Contrast],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Fit summed counts once by ``~`` all columns of ``about``, then test contrasts; outliers stay as they are.

    Parameters
    ----------
    counts
        Samples x genes, whole numbers.
    about
        One row per sample, factors in columns (text).
    size
        See ``size_factors``.
    contrasts
        By name. Weights of the levels of a factor add up to zero.
    confidence
        Of the intervals (normal).

    Returns
    -------
    One row per contrast and gene: ``contrast``, ``gene``, ``log2fc``, ``lower``, ``upper``, ``p`` (Wald; 1 where
    unknown), ``base_mean`` (counts per sample of size 1).

    References
    ----------
    Love 2014, doi:10.1186/s13059-014-0550-8 (DESeq2). Muzellec 2023, doi:10.1093/bioinformatics/btad547 (PyDESeq2).

    When not to use
    ---------------
    On single cells: cells of a patient are not replicates.
    """
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.default_inference import DefaultInference
    from pydeseq2.ds import DeseqStats

    inference = DefaultInference(n_cpus=1)
    tables = []
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):  # many tiny problems: threads only wait
        warnings.simplefilter("ignore")  # the trend falls back to the mean where it does not converge, and says so
        data = DeseqDataSet(
            counts=counts,
            metadata="l" + about,  # a level that is a number would be taken for one
            design=f"~ {' + '.join(map(str, about))}",
            inference=inference,
            refit_cooks=False,
            quiet=True,
        )
        data.obs["size_factors"] = size
        data.layers["normed_counts"] = counts.to_numpy() / size[:, None]
        data.var["_normed_means"] = data.layers["normed_counts"].mean(axis=0)  # as its own scaling leaves it
        data.fit_genewise_dispersions()
        data.fit_dispersion_trend()
        data.fit_dispersion_prior()
        data.fit_MAP_dispersions()
        data.fit_LFC()
        columns = list(data.obsm["design_matrix"].columns)
        for name, weights in contrasts.items():
            contrast = np.zeros(len(columns))
            for (factor, level), weight in weights.items():
                if f"{factor}[T.l{level}]" in columns:  # the first level is what the others are measured from
                    contrast[columns.index(f"{factor}[T.l{level}]")] = weight
            tested = DeseqStats(
                data, contrast=contrast, inference=inference, cooks_filter=False, independent_filter=False, quiet=True
            )
            tested.summary()
            effect = tested.results_df
            reach = stats.norm.ppf((1 + confidence) / 2) * effect["lfcSE"]
            tables.append(
                pd.DataFrame(
                    {
                        "contrast": name,
                        "gene": counts.columns,
                        "log2fc": effect["log2FoldChange"].to_numpy(),
                        "lower": (effect["log2FoldChange"] - reach).to_numpy(),
                        "upper": (effect["log2FoldChange"] + reach).to_numpy(),
                        "p": effect["pvalue"].fillna(1).to_numpy(),
                        "base_mean": effect["baseMean"].to_numpy(),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)
