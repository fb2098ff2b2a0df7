"""The twin itself: the cells in memory, or straight to a file."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from fxyd3.data.simulate.cells import blocks, observations
from fxyd3.data.simulate.checks import whole
from fxyd3.data.simulate.cohort import TABLES, cohort, truth
from fxyd3.data.simulate.design import STATES, Design, Options, design
from fxyd3.errors import InputError
from fxyd3.files import replacing
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anndata import AnnData
    from scipy.sparse import csr_matrix

MOST_PROCESSES = 64
FORMATS = (".h5ad", ".zarr")


def twin(
    size: str | int = "book",
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    patients: int = 6,
    sorted_cells: int | None = None,
    proportions: Mapping[str, float] | None = None,
    rates: Mapping[str, float] | None = None,
    processes: int = 1,
) -> AnnData:
    """Simulate a cohort of triple-negative tumours whose truth is known.

    Real gene names, mean shares, dispersions, library sizes and gene-gene correlations (fitted to the cells of one
    tumour; see ``data/twin/README.md``); simulated cells. Each patient gives four samples: two sorted fractions
    (NRP1-high, IGF1R-high) and unsorted cells before treatment, and unsorted cells after it. Every third patient has a
    complete response: no tumour cells are left. Counts are negative binomial, with cell-to-cell activities of seven
    programmes. The seed changes the patients and the cells; the biology, which genes mark which state, stays.

    Parameters
    ----------
    size
        "tiny" (400 cells), "book" (6,000), "atlas" (200,000), or a number of cells from 200 to 1,000,000.
    seed
        Same seed, same bytes.
    null
        Plant nothing: state labels mean nothing. Patients, batches, activities, stroma and immune cells, ambient RNA,
        dying cells and doublets stay.
    effect
        Multiples of the planted effects by dial, such as ``{"C5": 0.5}``. The dials are in `DIALS`. C8 (residual cells
        are FXYD3-high) has no dial, since it follows from C4 and C5.
    patients
        How many; at least 20 cells each. Two batches: patients 1, 3, 5, ... and 2, 4, 6, ...
    sorted_cells
        How many of the cells come from the two sorted fractions; half of them if not given.
    proportions
        Shares of states among unsorted tumour cells before treatment, such as ``{"cycling": 0.1}``; the others share
        the rest as they do by default.
    rates
        What spoils the cells, as shares from 0 to 0.4: dying, doublet (of the cells), ambient (of the counts), stroma,
        immune (of unsorted cells before treatment; a residue holds more), impurity (stroma and immune cells in a sorted
        fraction; none if not given).
    processes
        How many draw at once. The bytes do not depend on it.

    Returns
    -------
    AnnData
        ``X``: raw counts (CSR, float32, one index dtype). ``obs``: patient, sample, batch, condition ("before",
        "after"), fraction, response ("residual", "pCR"; of the patient), truth_type ("tumour", "stroma", "immune"),
        truth_state, truth_ancestral, truth_quality ("intact", "dying", "doublet"; the truth of a doublet is that of its
        first cell), truth_ambient (counts of ambient RNA). ``var``: ``truth_log2fc_STATE`` (planted, in patients of
        average strength, before dividing by the library size), ``truth_programme`` and ``truth_loading`` (log2 per
        standard deviation of the activity).
        ``uns["twin"]``: what was asked for. ``uns["truth"]``: what was planted.

    Raises
    ------
    InputError
        If the design is impossible, or names a dial, a state or a rate that the twin does not have.

    Notes
    -----
    When not to use: to learn anything about tumours. The page on the twin says where it is easier than life. Above
    some 300,000 cells use `write_twin`, which needs little memory.

    Source of the calibration: Wu 2021, doi:10.1038/s41588-021-00911-1.

    Examples
    --------
    The smallest one, with half of one planted effect:

    >>> from fxyd3.data import twin
    >>> adata = twin("tiny", effect={"C5": 0.5})
    >>> adata.n_obs, adata.uns["twin"]["simulated"], sorted(adata.obs["condition"].unique())
    (400, True, ['after', 'before'])
    """
    from scipy.sparse import csr_matrix, vstack

    asked = design(
        size, seed=seed, null=null, effect=effect, patients=patients, sorted_cells=sorted_cells,
        proportions=proportions, rates=rates,
    )  # fmt: skip
    drawn = list(blocks(asked, whole("number of processes", processes, 1, MOST_PROCESSES)))
    adata = _annotated(asked)
    adata.X = csr_matrix(vstack(drawn, format="csr")) if len(drawn) > 1 else drawn[0]
    return adata


def write_twin(
    path: str | Path, size: str | int = "book", *, processes: int = 1, **options: Unpack[Options]
) -> Path:  # fmt: skip
    """Write a twin straight to a file, in blocks: a million cells in under 4 GiB of memory.

    Parameters
    ----------
    path
        Ends in ``.h5ad`` or ``.zarr`` and contains the word "simulated". It appears when it is whole.
    size, processes, options
        As for `twin`; the counts are the same, byte for byte.

    Returns
    -------
    The path.

    Raises
    ------
    InputError
        For an impossible design, another ending, or a name that hides that the cells are simulated.

    Notes
    -----
    When not to use: for small twins that are used at once; `twin` gives them without a file.

    Examples
    --------
    Into a temporary folder:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data import read
    >>> from fxyd3.data.simulate import write_twin
    >>> with TemporaryDirectory() as folder:
    ...     print(read(write_twin(Path(folder) / "cells-simulated.h5ad", "tiny")).n_obs)
    400
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise InputError(f"The twin cannot be written to {path.name}; let the name end in {' or '.join(FORMATS)}.")
    if "simulated" not in path.name.lower():
        raise InputError(
            f"The name {path.name} does not say that the cells are simulated; "
            f"write to {path.stem}-simulated{path.suffix}, for example."
        )
    asked = design(size, **options)
    counts = blocks(asked, whole("number of processes", processes, 1, MOST_PROCESSES))
    with replacing(path) as partial:
        _stream(partial, _annotated(asked), counts)
    return path


def stored(folder: Path, size: str | int, **options: Unpack[Options]) -> AnnData:
    """Return a twin kept in ``folder`` under a name made of what it depends on; it is drawn if it is not there.

    One file is kept for each size, seed and null; where the folder cannot be written, the twin is drawn in memory.

    Parameters
    ----------
    folder
        Made if it is not there.
    size, options
        As for `twin`.

    Returns
    -------
    AnnData
        As from `twin`.

    Raises
    ------
    InputError
        For an impossible design.

    Examples
    --------
    Drawn at first, read afterwards:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import stored
    >>> with TemporaryDirectory() as folder:
    ...     once, again = stored(Path(folder), "tiny", seed=1), stored(Path(folder), "tiny", seed=1)
    >>> once.shape == again.shape, once.obs["patient"].nunique()
    (True, 6)
    """
    import anndata

    asked = design(size, **options)
    stem = f"twin-{asked.size}-{'null-' if asked.null else ''}seed{asked.seed}"
    path = folder / f"{stem}-{content(asked)[:16]}-simulated.h5ad"
    if not path.is_file():
        try:
            write_twin(path, size, **options)
        except OSError:
            return twin(size, **options)
        for old in set(folder.glob(f"{stem}-????????????????-simulated.h5ad")) - {path}:
            with suppress(OSError):
                old.unlink()
    return anndata.read_h5ad(path)


def content(asked: Design) -> str:
    """Return what a twin depends on as one sha256: the design, the tables, this code, and numpy's random numbers."""
    whole = hashlib.sha256(f"{asked!r} numpy {np.__version__}".encode())
    code = sorted(Path(__file__).parent.glob("*.py"))
    for file in [*(book_file("data", "twin", f"{name}.csv") for name in TABLES), *code]:
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _annotated(asked: Design) -> AnnData:
    """Return the twin without its counts."""
    import pandas as pd
    from anndata import AnnData

    fixed = cohort(asked)
    var = {f"truth_log2fc_{state}": fixed.state[i] for i, state in enumerate(STATES)}
    var |= {"truth_programme": pd.Categorical(fixed.programme), "truth_loading": fixed.loading}
    return AnnData(
        obs=observations(asked),
        var=pd.DataFrame(var, index=pd.Index(fixed.genes.to_numpy(dtype=str))),
        uns={"twin": asked.about(), "truth": truth(fixed)},
    )


def _stream(path: Path, adata: AnnData, counts: Iterator[csr_matrix]) -> None:
    """Write all but the counts, then append these block after block."""
    import h5py
    import zarr
    from anndata.io import sparse_dataset, write_elem

    h5 = ".h5ad" in path.suffixes
    with h5py.File(path, "w") if h5 else nullcontext(zarr.open_group(path, mode="w", zarr_format=2)) as file:
        write_elem(file, "/", adata)
        first = next(counts)
        large = first.nnz / first.shape[0] * adata.n_obs * 1.1 > np.iinfo(np.int32).max
        index = np.int64 if large else np.int32
        first.indices, first.indptr = first.indices.astype(index), first.indptr.astype(index)
        write_elem(file, "X", first, dataset_kwargs={"compression": "lzf"} if h5 else {})
        for block in counts:
            sparse_dataset(file["X"]).append(block)
