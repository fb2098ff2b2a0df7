"""Which cells are compared before and after treatment, and how many of each state there are."""

from typing import TYPE_CHECKING

from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def compared_cells(
    adata: "AnnData | None", *, unsorted: str = "unsorted", before: str = "before", after: str = "after"
) -> "tuple[AnnData | None, str, str]":
    """Choose the cells to compare before and after treatment: tumour cells that were not sorted.

    Parameters
    ----------
    adata
        Tumour cells with their groups, as the cells chapter leaves them; None: there are no cells.
    unsorted
        Level of ``obs["fraction"]`` that was not sorted; without the column no cell was.
    before, after
        Levels of ``obs["condition"]``.

    Returns
    -------
    The cells (those given and no copy, where all are compared; None where they cannot be), what they are, and what is
    missing for a comparison (empty: nothing).

    When not to use
    ---------------
    On sorted fractions: a sort changes the composition more than any drug does.

    Examples
    --------
    Simulated cells, half of which were sorted:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import compared_cells
    >>> adata = twin("tiny")
    >>> cells, scope, missing = compared_cells(adata)
    >>> adata.n_obs, cells.n_obs, missing
    (400, 200, '')
    >>> scope
    'unsorted tumour cells before and after treatment'
    """
    if adata is None:
        return None, "no cells", "no cells were given"
    if "condition" not in adata.obs:
        lacking = "the data do not say which cells were taken before and after treatment (name the column: --condition)"
        return None, "no cells", lacking
    if "patient" not in adata.obs:
        return None, "no cells", "the data do not name the patient of each cell (name the column: --patient)"
    chosen = adata.obs["condition"].isin([before, after]).to_numpy()
    scope = "tumour cells before and after treatment"
    if "fraction" in adata.obs:
        chosen &= (adata.obs["fraction"] == unsorted).to_numpy()
        scope = f"unsorted {scope}"
    there = adata.obs.loc[chosen, "condition"]
    for level, name in ((before, "before"), (after, "after")):
        if not (there == level).any():
            known = sorted(map(str, adata.obs["condition"].unique()))
            near = nearest(level, known)
            lacking = (
                f"{scope.split(' before')[0]} with the condition '{level}'{near}: there are {few(known)} "
                f"(name the level: -p {name}=...)"
            )
            return None, "no cells", lacking
    return adata if chosen.all() else adata[chosen].copy(), scope, ""


def state_counts(adata: "AnnData", *, state: str = "cluster") -> "pd.DataFrame":
    """Count the cells of each state in each patient before and after treatment.

    Parameters
    ----------
    adata
        Cells with patient and condition in ``obs``, see ``compared_cells``.
    state
        Column of ``obs`` with the state of each cell.

    Returns
    -------
    One row per patient, condition and state that occur: patient, condition, state (text), cells (int).

    Raises
    ------
    InputError
        If ``obs`` lacks the column of the states.

    When not to use
    ---------------
    On cells that were chosen by their state.

    Examples
    --------
    Three made-up cells:

    >>> import pandas as pd
    >>> from anndata import AnnData
    >>> from fxyd3.tolerance import state_counts
    >>> obs = pd.DataFrame({"patient": "P1", "condition": ["before", "before", "after"], "cluster": ["0", "1", "1"]})
    >>> state_counts(AnnData(obs=obs.rename(index=str)))
      patient condition state  cells
    0      P1     after     1      1
    1      P1    before     0      1
    2      P1    before     1      1
    """
    if state not in adata.obs:
        raise InputError(
            f"there is no column {state!r} in obs{nearest(state, map(str, adata.obs))}: group cells first."
        )
    keys = ["patient", "condition", state]
    counted: pd.DataFrame = adata.obs[keys].astype(str).groupby(keys).size().rename("cells").reset_index()
    return counted.rename(columns={state: "state"})
