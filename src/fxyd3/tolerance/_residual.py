"""How one gene changes in the tumour cells left by treatment, and whether by selection of states or within them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fxyd3.claims import Interval, t_interval
from fxyd3.data.pseudobulk import add_up, whole_counts
from fxyd3.data.report import nearest
from fxyd3.errors import InputError
from fxyd3.tolerance._paired import log_per_million, pair_up

if TYPE_CHECKING:
    from anndata import AnnData

PARTS = ("composition", "within", "interaction")
PER = 1e4  # counts


@dataclass(frozen=True, eq=False)
class ResidualChange:
    """Change of a gene in tumour cells, after against before in the same patient; see ``residual_change``.

    Attributes
    ----------
    per_patient
        One row per patient: patient, before, after (log2 counts per million), change, control (mean change of the
        random genes), cells_before, cells_after, counts_before, counts_after (of the gene).
    interval
        Mean change over patients with Student's interval, log2 units; None with fewer than two patients.
    control
        Negative control: the same of random genes of like expression; None where it cannot be had.
    n
        Patients measured.
    missing
        What a test of the claim lacks; empty: nothing.
    left_out
        Patients without enough cells at both times.
    gene
        The gene.
    exceeded
        Share of the random genes, one by one, that rise at least as much on average. It is no p-value.

    Examples
    --------
    From simulated cells; two patients have no tumour cells left after treatment:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import residual_change
    >>> adata = twin(600, sorted_cells=0)
    >>> found = residual_change(adata[adata.obs["truth_type"] == "tumour"])
    >>> found.n, found.left_out
    (4, ('P3 (47 before, 0 after)', 'P6 (45 before, 0 after)'))
    >>> found.per_patient[["patient", "cells_before", "cells_after"]]
      patient  cells_before  cells_after
    0      P1            47           36
    1      P2            44           30
    2      P4            44           42
    3      P5            43           44
    """

    per_patient: pd.DataFrame
    interval: Interval | None
    control: Interval | None
    n: int
    missing: str
    left_out: tuple[str, ...]
    gene: str = "FXYD3"
    exceeded: float = np.nan

    def summary(self) -> pd.DataFrame:
        """Return log2_change, lower, upper, patients of the gene, and of random genes of like expression."""
        rows = {self.gene: self.interval, "random genes of like expression": self.control}
        known = {name: interval for name, interval in rows.items() if interval}
        table = pd.DataFrame.from_dict(known, orient="index", columns=["log2_change", "lower", "upper"], dtype=float)
        return table.assign(patients=self.n)


def residual_change(
    adata: "AnnData",
    *,
    gene: str = "FXYD3",
    patient: str = "patient",
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    layer: str | None = None,
    min_cells: int = 10,
    min_count: float = 10.0,
    n_controls: int = 50,
    confidence: float = 0.95,
) -> ResidualChange:
    """Measure how a gene changes in tumour cells from before to after treatment, patient by patient.

    The counts of a patient's cells at one time are summed. The change is the log2 ratio of the gene's share of all
    counts, after to before, with half a count added to the gene and one to the total. Student's interval runs over
    patients. The control is the mean change of the genes nearest in expression, taken in the same way.

    Parameters
    ----------
    adata
        The cells to compare, with raw counts: unsorted tumour cells, unless all samples were sorted alike.
    gene
        Symbol.
    patient, condition, before, after, layer, min_cells
        As in ``paired_expression``.
    min_count
        Mean count per sample that the gene must have.
    n_controls
        Genes to compare with: those nearest in mean log expression over all samples.
    confidence
        Of the intervals.

    Returns
    -------
    ResidualChange
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        As ``paired_expression``; with no gene to compare with.

    Notes
    -----
    A share is of all counts: where other genes rise, it falls. On the twin that is part of the truth; in life, see the
    control. Patients weigh the same, whatever their cells.

    References
    ----------
    Squair 2021, doi:10.1038/s41467-021-25960-2 (summed counts). Law 2014, doi:10.1186/gb-2014-15-2-r29 (log counts per
    million). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    To say that treatment raised the gene in cells: those without it may have died; see ``decompose_change``. On
    patients with complete response: no cells are left to measure, and they are not in the mean.

    Examples
    --------
    Simulated cells:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import residual_change
    >>> adata = twin(600, sorted_cells=0)
    >>> found = residual_change(adata[adata.obs["truth_type"] == "tumour"])
    >>> found.summary().loc["FXYD3"].round(1)
    log2_change    1.0
    lower          0.2
    upper          1.8
    patients       4.0
    Name: FXYD3, dtype: float64
    """
    if n_controls < 1:
        raise InputError(f"n_controls is {n_controls}: give 1 gene or more; 50 is usual.")
    pairs = pair_up(adata.obs, patient=patient, condition=condition, before=before, after=after, min_cells=min_cells,
                    confidence=confidence)  # fmt: skip
    counts = whole_counts(adata, layer)
    if not pairs.patients or gene not in adata.var_names:
        lacking = pairs.missing or absent_gene(adata, gene)
        return ResidualChange(pd.DataFrame(columns=_PER_PATIENT), None, None, 0, lacking, pairs.left_out, gene)
    summed = add_up(counts, pairs.sample, 2 * len(pairs.patients))
    level = log_per_million(summed, summed.sum(axis=1, keepdims=True))
    change = level[1::2] - level[::2]
    at = adata.var_names.get_loc(gene)
    others = _nearest(level.mean(axis=0), summed.sum(axis=0) > 0, at, adata.var_names, n_controls)
    cells = pairs.cells.set_index("patient").loc[list(pairs.patients)]
    per_patient = pd.DataFrame(
        {
            "patient": pairs.patients,
            "before": level[::2, at],
            "after": level[1::2, at],
            "change": change[:, at],
            "control": change[:, others].mean(axis=1),
            "cells_before": cells["before"].to_numpy(),
            "cells_after": cells["after"].to_numpy(),
            "counts_before": summed[::2, at],
            "counts_after": summed[1::2, at],
        }
    )
    per_sample = float(summed[:, at].mean())
    few_counts = f"deeper counts: {gene} has {per_sample:.1f} per sample on average, {min_count:g} are needed"
    return ResidualChange(
        per_patient=per_patient,
        interval=over_patients(per_patient["change"], confidence),
        control=over_patients(per_patient["control"], confidence),
        n=len(per_patient),
        missing=pairs.missing or (few_counts if per_sample < min_count else ""),
        left_out=pairs.left_out,
        gene=gene,
        exceeded=float((change[:, others].mean(axis=0) >= change[:, at].mean()).mean()),
    )


_PER_PATIENT = [
    "patient", "before", "after", "change", "control", "cells_before", "cells_after", "counts_before", "counts_after",
]  # fmt: skip


def absent_gene(adata: "AnnData", gene: str) -> str:
    """Say that a gene is not there."""
    return f"the gene {gene}: it is not among the {adata.n_vars} of the data{nearest(gene, adata.var_names)}"


def over_patients(values: "pd.Series[float]", confidence: float) -> Interval | None:
    """Return the mean with Student's interval; None with fewer than two known values."""
    known = values.dropna()
    return t_interval(known, confidence) if len(known) > 1 else None


def _nearest(
    mean: np.ndarray[tuple[int], np.dtype[np.float64]],
    expressed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    at: int,
    names: pd.Index,
    n: int,
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the expressed genes nearest in mean; of genes at the same distance, by name."""
    allowed = np.flatnonzero(expressed & (np.arange(len(mean)) != at))
    if not len(allowed):
        raise InputError("no expressed gene is left to compare with: keep all genes, not only one.")
    return allowed[np.lexsort((names[allowed], np.abs(mean[allowed] - mean[at])))[:n]]


@dataclass(frozen=True, eq=False)
class DecomposedChange:
    """The change of a gene, split into selection of states and change within them; see ``decompose_change``.

    Attributes
    ----------
    per_patient
        One row per patient: patient, before, after (mean counts per 10,000 of a cell), change, composition, within,
        interaction (the three add up to the change), cells_before, cells_after.
    by_state
        One row per patient and state: patient, state, cells_before, cells_after, share_before, share_after (of the
        patient's cells), mean_before, mean_after (NaN where there are no cells), composition, within, interaction
        (they add up to those of the patient).
    table
        Mean over patients of the change and its parts: part, estimate, lower, upper (Student's; NaN with one patient),
        n.
    n
        Patients measured.
    missing
        What a test lacks; empty: nothing.
    left_out
        Patients without enough cells at both times.
    gene, state
        The gene, and the column that holds the states.

    Examples
    --------
    From simulated cells; the parts add up to the change:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import decompose_change
    >>> adata = twin(600, sorted_cells=0)
    >>> found = decompose_change(adata[adata.obs["truth_type"] == "tumour"], state="truth_state")
    >>> found.n, found.gene, found.state
    (4, 'FXYD3', 'truth_state')
    >>> each = found.per_patient
    >>> bool(abs(each["composition"] + each["within"] + each["interaction"] - each["change"]).max() < 1e-9)
    True
    """

    per_patient: pd.DataFrame
    by_state: pd.DataFrame
    table: pd.DataFrame
    n: int
    missing: str
    left_out: tuple[str, ...]
    gene: str
    state: str

    def summary(self) -> pd.DataFrame:
        """Return the parts in words: part, counts_per_10000, lower, upper, patients."""
        words = {
            "change": "change",
            "composition": "other shares of the states (selection)",
            "within": "change within states (adaptation)",
            "interaction": "both together",
        }
        columns = ["part", "counts_per_10000", "lower", "upper", "patients"]
        return self.table.assign(part=self.table["part"].map(words)).set_axis(columns, axis=1)


def decompose_change(
    adata: "AnnData",
    *,
    state: str,
    gene: str = "FXYD3",
    patient: str = "patient",
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    layer: str | None = None,
    min_cells: int = 10,
    confidence: float = 0.95,
) -> DecomposedChange:
    """Split the change of a gene into other shares of the states, change within the states, and both together.

    With shares ``w`` of the states among a patient's cells and mean expressions ``m`` in them, the mean over cells is
    the sum of ``w m``. Its change is the sum of ``(w' - w) m`` (composition: selection), ``w (m' - m)`` (within:
    adaptation) and ``(w' - w) (m' - m)`` (interaction), exactly, on the natural scale. Student's intervals run over
    patients.

    Parameters
    ----------
    adata
        As in ``residual_change``.
    state
        Column of ``obs`` with the state of each cell.
    gene, patient, condition, before, after, layer, min_cells, confidence
        As in ``residual_change``.

    Returns
    -------
    DecomposedChange

    Raises
    ------
    InputError
        As ``residual_change``; if a cell has no state.

    Notes
    -----
    Every cell weighs the same here, and in ``residual_change`` every count: the two changes differ a little. A state
    that a patient lacks at one time is taken to express there what it does at the other; all its change is then
    composition. ``composition`` of a single state counts from the patient's mean before treatment.

    References
    ----------
    Kitagawa 1955, doi:10.1080/01621459.1955.10501299 (components of a difference). Student 1908,
    doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    With states made from the gene itself: its change then is composition by construction. As proof of selection: cells
    that take up another state shift the shares just as cells that die; only lineages tell them apart.

    Examples
    --------
    Made-up counts of one patient: both states keep their expression, but cells with more of the gene become frequent:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from anndata import AnnData
    >>> from fxyd3.tolerance import decompose_change
    >>> obs = pd.DataFrame({"patient": "P1", "condition": ["before"] * 20 + ["after"] * 20,
    ...                     "state": ["more"] * 5 + ["less"] * 15 + ["more"] * 15 + ["less"] * 5}).rename(index=str)
    >>> gene = np.where(obs["state"] == "more", 30, 10)
    >>> adata = AnnData(np.column_stack([gene, 1000 - gene]).astype("float32"), obs=obs)
    >>> adata.var_names = ["FXYD3", "others"]
    >>> decompose_change(adata, state="state").table[["part", "estimate"]].round(1)
              part  estimate
    0       change     100.0
    1  composition     100.0
    2       within       0.0
    3  interaction       0.0
    """
    pairs = pair_up(adata.obs, patient=patient, condition=condition, before=before, after=after, min_cells=min_cells,
                    confidence=confidence)  # fmt: skip
    if state not in adata.obs:
        raise InputError(f"there is no column {state!r} in obs{nearest(state, map(str, adata.obs))}: name the states.")
    chosen = pairs.sample >= 0
    lacking = adata.obs[state][chosen].isna().sum()
    if lacking:
        raise InputError(f"{lacking} cells have no {state!r}: name their state or leave them out.")
    counts = whole_counts(adata, layer)
    if gene in adata.var_names:
        depth = np.maximum(counts @ np.ones(adata.n_vars, dtype=np.float32), 1).astype(float)
        value = PER * counts[:, [adata.var_names.get_loc(gene)]].toarray()[:, 0] / depth
        missing = pairs.missing
    else:
        chosen, value = np.zeros(adata.n_obs, dtype=bool), np.zeros(adata.n_obs)
        missing = pairs.missing or absent_gene(adata, gene)
    states = adata.obs[state][chosen].astype(str).to_numpy()
    by_state = _by_state(value[chosen], pairs.sample[chosen], states, pairs.patients)
    columns = ["before", "after", "change", *PARTS, "cells_before", "cells_after"]
    sides = {side: by_state[f"share_{side}"] * by_state[f"mean_{side}"].fillna(0) for side in ("before", "after")}
    wide = by_state.assign(**sides, change=sides["after"] - sides["before"])
    per_patient = wide.groupby("patient", sort=False)[columns].sum().reset_index()
    rows = []
    for part in ("change", *PARTS):
        mean = float(per_patient[part].mean()) if len(per_patient) else np.nan
        reach = over_patients(per_patient[part], confidence) or (mean, np.nan, np.nan)
        rows.append((part, *reach, len(per_patient)))
    return DecomposedChange(
        per_patient=per_patient,
        by_state=by_state,
        table=pd.DataFrame(rows, columns=["part", "estimate", "lower", "upper", "n"]),
        n=len(per_patient),
        missing=missing,
        left_out=pairs.left_out,
        gene=gene,
        state=state,
    )


def _by_state(
    value: np.ndarray[tuple[int], np.dtype[np.float64]],
    sample: np.ndarray[tuple[int], np.dtype[np.intp]],
    state: np.ndarray[tuple[int], np.dtype[np.object_]],
    patients: tuple[str, ...],
) -> pd.DataFrame:
    """Return shares and means of each patient and state, and what each state adds to the parts of the change."""
    cells = pd.DataFrame({"at": sample // 2, "state": state, "side": sample % 2, "value": value})
    grouped = cells.groupby(["at", "state", "side"])["value"]
    n, m = (
        each.unstack("side").reindex(columns=[0, 1])  # noqa: PD010 - pivot_table would need a new index
        for each in (grouped.size(), grouped.mean())
    )
    n = n.fillna(0)
    w = n / n.groupby(level="at").transform("sum")
    full = m.bfill(axis=1).ffill(axis=1)
    centre = (w[0] * full[0]).groupby(level="at").transform("sum")
    shift, change = w[1] - w[0], full[1] - full[0]
    return pd.DataFrame(
        {
            "patient": [patients[at] for at in n.index.get_level_values("at")],
            "state": n.index.get_level_values("state"),
            "cells_before": n[0].astype(int).to_numpy(),
            "cells_after": n[1].astype(int).to_numpy(),
            "share_before": w[0].to_numpy(),
            "share_after": w[1].to_numpy(),
            "mean_before": m[0].to_numpy(),
            "mean_after": m[1].to_numpy(),
            "composition": (shift * (full[0] - centre)).to_numpy(),
            "within": (w[0] * change).to_numpy(),
            "interaction": (shift * change).to_numpy(),
        }
    )
