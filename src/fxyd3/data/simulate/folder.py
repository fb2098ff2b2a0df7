"""The whole simulated study as files: the cells and every assay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Unpack

from fxyd3.data.simulate.flow import cell_sort
from fxyd3.data.simulate.killing import time_kill
from fxyd3.data.simulate.lineages import lineage_barcodes
from fxyd3.data.simulate.orders import dosing_order
from fxyd3.data.simulate.pairs import two_drugs
from fxyd3.data.simulate.plates import viability_plates
from fxyd3.data.simulate.recurrence import recurrence_times
from fxyd3.data.simulate.study import write_twin
from fxyd3.data.simulate.wells import limiting_dilution, spheres
from fxyd3.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fxyd3.data.simulate.assay import Assay
    from fxyd3.data.simulate.design import Options


class Make(Protocol):
    """A function that simulates one assay."""

    def __call__(self, *, seed: int = ..., null: bool = ..., effect: Mapping[str, float] | None = ...) -> Assay:
        """Simulate the assay; see the function itself."""


ASSAYS: tuple[Make, ...] = (
    cell_sort,
    limiting_dilution,
    spheres,
    viability_plates,
    time_kill,
    two_drugs,
    dosing_order,
    lineage_barcodes,
    recurrence_times,
)
NOTICE = """\
Everything in this folder is simulated: the twin of the FXYD3 companion.

No cell, well, plate or patient here exists. What was planted stands beside each table (.json) and in the cells (uns).
It serves to test methods and to teach them. It is no evidence about any person, tumour or drug.
"""


def write_study(
    folder: str | Path, size: str | int = "book", *, processes: int = 1, **options: Unpack[Options]
) -> list[Path]:
    """Write the simulated study: ``cells-simulated.h5ad``, a table and its truth for each assay, and FCS files.

    Parameters
    ----------
    folder
        Made if it is not there. Files of the same name are replaced, each when it is whole.
    size, processes, options
        As for `twin`. Seed, null and effect hold for the assays too.

    Returns
    -------
    The cells, then the tables in the order of `ASSAYS`.

    Raises
    ------
    InputError
        For an impossible design; nothing is written then.

    Notes
    -----
    When not to use: to get one table; each assay is a function of its own.

    Examples
    --------
    The smallest cells and all tables:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import write_study
    >>> with TemporaryDirectory() as folder:
    ...     paths = write_study(folder, "tiny")
    >>> paths[0].name, len(paths)
    ('cells-simulated.h5ad', 10)
    """
    folder = Path(folder)
    seed, null, effect = options.get("seed", 1), options.get("null", False), options.get("effect")
    assays = [assay(seed=seed, null=null, effect=effect) for assay in ASSAYS]
    paths = [write_twin(folder / "cells-simulated.h5ad", size, processes=processes, **options)]
    paths += [assay.write(folder) for assay in assays]
    with replacing(folder / "READ-ME-simulated.txt") as partial:
        partial.write_text(NOTICE, encoding="utf-8")
    return paths
