"""All tubes of a sort: read, compensated, cleaned and gated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.claims import t_interval
from fxyd3.data.report import nearest
from fxyd3.enrichment._clean import Cleaned, clean
from fxyd3.enrichment._fcs import Events, compensate, read_fcs, spillover_matrix
from fxyd3.enrichment._gate import Gate, Method, gate
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.data.assays import AssayTable

QUANTILES = (0.9, 0.95, 0.975, 0.99, 0.995, 0.999)
NO_MARKERS = ("viability",)


@dataclass(frozen=True, eq=False)
class FlowSort:
    """The living single cells of a sort and its controls; see ``read_sort``.

    Attributes
    ----------
    table
        The sample sheet: file, sample, replicate.
    cells
        By file: the compensated events that are living single cells.
    example
        The cleaning of the first stained tube, for a figure.
    cleaning
        One row per file: sample, replicate, events, removed by each step, kept.
    """

    table: "pd.DataFrame"
    cells: Mapping[str, Events]
    example: Cleaned
    cleaning: "pd.DataFrame"

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers sorted on: those of the stained tubes, without the viability dye."""
        stained = self.tubes("stained")[0]
        return tuple(name for name in stained.markers.values() if name.casefold() not in NO_MARKERS)

    @property
    def stained(self) -> Events:
        """The cells of all stained tubes together."""
        return _together(self.tubes("stained"))

    def tubes(self, sample: str) -> list[Events]:
        """Return the tubes of a sample, by replicate.

        Raises
        ------
        InputError
            When the sheet has no such sample, with the nearest.
        """
        rows = self.table[self.table["sample"].str.casefold() == sample.casefold()].sort_values("replicate")
        if rows.empty:
            there = [*self.table["sample"].unique()]
            raise InputError(
                f"The sample sheet has no '{sample}'{nearest(sample, there)}: it has {', '.join(there)}; add that "
                "control, or choose another."
            )
        return [self.cells[file] for file in rows["file"]]

    def gate(
        self, marker: str, *, control: str = "isotype", quantile: float = 0.99, method: Method = "control"
    ) -> Gate:
        """Set one gate for all replicates: on their controls together, or on their stained cells together.

        Parameters
        ----------
        marker
            Such as NRP1.
        control
            ``"isotype"`` or ``"fmo"`` (of this marker).
        quantile, method
            As in `fxyd3.enrichment.gate`.

        Raises
        ------
        InputError
            When there is no such control, and as `fxyd3.enrichment.gate`.
        """
        if method == "mixture":
            return gate(self.stained, marker, method=method)
        tubes = self.tubes(f"fmo-{marker}" if control == "fmo" else control)
        return gate(self.tubes("stained")[0], marker, control=tubes, quantile=quantile, method=method)

    def positive_share(self, gates: Mapping[str, Gate] | Sequence[Gate], *, confidence: float = 0.95) -> "pd.DataFrame":
        """Return the percentage of positive cells for each gate, with Student's interval over replicates.

        Returns
        -------
        DataFrame
            One row per gate: marker, gate (method), threshold, background (percent of the control above it),
            replicates (int), percent (beyond the background), lower, upper (not below 0; NaN with one replicate).
        """
        import pandas as pd

        rows = []
        for each in gates.values() if isinstance(gates, Mapping) else gates:
            shares = 100 * np.array([each.share(events) for events in self.tubes("stained")])
            mean, low, high = t_interval(shares, confidence) if len(shares) > 1 else (shares[0], np.nan, np.nan)
            rows.append((each.marker, each.method, each.threshold, 100 * each.background, len(shares), mean,
                         np.maximum(low, 0), high))  # fmt: skip
        columns = ["marker", "gate", "threshold", "background", "replicates", "percent", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def sensitivity(self, *, quantiles: Sequence[float] = QUANTILES, confidence: float = 0.95) -> "pd.DataFrame":
        """Return how the percentage of positive cells depends on the gate.

        Returns
        -------
        DataFrame
            One row per marker, kind of gate ("isotype", "fmo", "mixture"; only those that can be had) and quantile
            (NaN for a mixture): marker, by, quantile, percent, lower, upper; see ``positive_share``.
        """
        import pandas as pd

        tables = []
        for marker in self.markers:
            for by in ("isotype", "fmo", "mixture"):
                for quantile in quantiles if by != "mixture" else (np.nan,):
                    try:
                        each = (
                            self.gate(marker, method="mixture")
                            if by == "mixture"
                            else self.gate(marker, control=by, quantile=quantile)
                        )
                    except InputError:
                        continue
                    found = self.positive_share([each], confidence=confidence)
                    tables.append(found.assign(by=by, quantile=quantile))
        columns = ["marker", "by", "quantile", "percent", "lower", "upper"]
        return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def read_sort(sheet: "AssayTable", *, viability: str = "viability") -> FlowSort:
    """Read, compensate and clean all tubes of a sort, one after the other.

    The spill-over matrix of each file is used; where a file has none, that of the single-stained controls.

    Parameters
    ----------
    sheet
        Sample sheet, from ``fxyd3.data.assays.read_assay("cell_sort", ...)``.
    viability
        Marker or detector of the viability dye.

    Returns
    -------
    FlowSort
        Only living single cells are kept in memory.

    Raises
    ------
    InputError
        For a file that cannot be read, no stained tube, or no way to compensate.

    When not to use
    ---------------
    For tubes of different panels: sort them into sheets of their own.

    Examples
    --------
    The twin's sort, read from its files:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.assays import read_assay
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import read_sort
    >>> with TemporaryDirectory() as folder:
    ...     sheet = cell_sort(events=1500, replicates=1).write(Path(folder))
    ...     found = read_sort(read_assay("cell_sort", sheet))
    >>> list(found.example.steps["step"])[:3]
    ['time', 'margin', 'debris']
    """
    import pandas as pd

    table = sheet.table[["file", "sample", "replicate"]]
    if not (table["sample"] == "stained").any():
        raise InputError(f"{sheet.source} names no sample 'stained': say which files hold the stained cells.")
    matrix: pd.DataFrame | None = None
    cells, rows = {}, []
    stained: list[Cleaned] = []
    for row in table.itertuples():
        events = read_fcs(sheet.path / str(row.file))
        if events.spillover is None and matrix is None:
            matrix = _from_controls(sheet)
        cleaned = clean(compensate(events, matrix if events.spillover is None else None), viability=viability)
        cells[str(row.file)] = cleaned.kept
        if not stained and row.sample == "stained":
            stained.append(cleaned)
        counts = dict(zip(cleaned.steps["step"], cleaned.steps["removed"], strict=True))
        rows.append({"sample": row.sample, "replicate": row.replicate, "events": len(events)} | counts
                    | {"kept": int(cleaned.keep.sum())})  # fmt: skip
    return FlowSort(table, cells, stained[0], pd.DataFrame(rows))


def _together(tubes: Sequence[Events]) -> Events:
    import pandas as pd

    return replace(tubes[0], data=pd.concat([events.data for events in tubes], ignore_index=True))


def _from_controls(sheet: "AssayTable") -> "pd.DataFrame":
    """Return the spill-over matrix from the single-stained tubes of a sheet."""
    table = sheet.table
    single = table[table["sample"].str.startswith("single-")].drop_duplicates("sample")
    unstained = table.loc[table["sample"] == "unstained", "file"]
    if single.empty or unstained.empty:
        raise InputError(
            f"The files of {sheet.source} hold no spill-over matrix: add the unstained and the single-stained tubes."
        )
    tubes = {
        str(row.sample).removeprefix("single-"): read_fcs(sheet.path / str(row.file)) for row in single.itertuples()
    }
    return spillover_matrix(tubes, read_fcs(sheet.path / str(unstained.iloc[0])))
