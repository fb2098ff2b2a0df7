"""The table of patients that every function here takes, checked once."""

from typing import TYPE_CHECKING

import numpy as np

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def read_patients(
    table: "pd.DataFrame", time: str, event: str, others: "Sequence[str]" = (), *, events: bool = True
) -> "pd.DataFrame":
    """Return the columns asked for, time as float and event as bool; raises InputError for what cannot be used."""
    missing = [name for name in (time, event, *others) if name not in table]
    if missing:
        raise InputError(f"The table of patients has no column '{missing[0]}': it has {', '.join(map(str, table))}.")
    found = table[[time, event, *others]].reset_index(drop=True)
    if found.empty:
        raise InputError("The table of patients is empty: give one row per patient.")
    for name in found:
        row = int(found[name].isna().to_numpy().argmax())
        if found[name].isna().any():
            raise InputError(f"Column '{name}' is empty in row {row}: fill it or leave the patient out.")
    try:
        times = found[time].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"Column '{time}' holds text: give times as numbers.") from None
    bad = ~np.isfinite(times) | (times < 0)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"Column '{time}' is {times[row]:g} in row {row}: times must be finite and not negative.")
    if not found[event].isin([0, 1]).all():
        raise InputError(f"Column '{event}' must hold 0 or 1 (or false and true): 1 where the event was seen.")
    found[time], found[event] = times, found[event].astype(bool)
    if events and not found[event].any():
        raise InputError(f"Column '{event}' has no event: there is nothing to estimate, follow the patients longer.")
    return found


def check_confidence(confidence: float) -> None:
    """Raise InputError for a confidence that is none."""
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence:g}, but must lie between 0 and 1, for example 0.95.")


def groups_of(found: "pd.DataFrame", by: str | None) -> "dict[str, pd.DataFrame]":
    """Patients by group, in the order of the groups' names; one group 'all' without a column."""
    if by is None:
        return {"all": found}
    return {str(name): own for name, own in found.groupby(found[by].astype(str), sort=True)}


def two_or_more(found: "pd.DataFrame", by: str) -> "dict[str, pd.DataFrame]":
    """Patients by group; raises InputError for one group only."""
    groups = groups_of(found, by)
    if len(groups) < 2:
        raise InputError(f"Column '{by}' has one group only, '{next(iter(groups))}': give two or more to compare.")
    return groups
