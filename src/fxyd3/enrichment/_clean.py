"""From events to living single cells."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from fxyd3.enrichment._fcs import Events
from fxyd3.enrichment._scale import Scale

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS = ("time", "margin", "debris", "doublets", "dead")
STRETCH, FEWEST_IN_STRETCH = 100, 50  # stretches of a run, and events that each needs
DISTURBED, DOUBLE = 6.0, 5.0  # robust standard deviations
BINS, SMOOTH, PROMINENCE = 200, 3.0, 0.02  # of a histogram, in search of a valley


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Which events are living single cells; see ``clean``.

    Attributes
    ----------
    events
        All events, as given.
    removed_by
        By event: the step that removed it, empty for those that stay (str).
    steps
        One row per step: step, removed, left (events), limit (where the line was drawn; a dash where the step could not
        be done), note.
    """

    events: Events
    removed_by: NDArray[np.str_]
    steps: "pd.DataFrame"

    @property
    def keep(self) -> Bools:
        """Events that stay."""
        return np.asarray(self.removed_by == "")

    @property
    def kept(self) -> Events:
        """The events that stay."""
        return self.events.keep(self.keep)


def clean(
    events: Events,
    *,
    area: str = "FSC-A",
    height: str = "FSC-H",
    time: str = "Time",
    viability: str = "viability",
) -> Cleaned:
    """Leave out what is no living single cell: disturbed time, margin, debris, doublets, dead cells.

    Parameters
    ----------
    events
        Compensated events.
    area, height
        Area and height of the forward scatter; other channels with a ``-A`` and no dye are taken for scatter too.
    time
        Channel of time.
    viability
        Marker or detector of the dye that dead cells take up.

    Returns
    -------
    Cleaned
        A step whose channel the file lacks is not done, and says so.

    Notes
    -----
    ========  ========================================================================================================
    time      the run is cut into 100 stretches of as many events; one whose median scatter lies more than 6 robust
              standard deviations from that of the others is left out
    margin    at the top of a scatter detector: brighter than it can tell
    debris    below the valley left of the main hump of log forward scatter, if there is a valley
    doublets  area to height more than 5 robust standard deviations above the median: two cells pass the laser one after
              the other, so that the area adds up and the height does not
    dead      above the valley right of the main hump of the viability dye on a logicle scale, if there is a valley
    ========  ========================================================================================================

    When not to use: where the cells sought are unusually large or small, or stain for death. Look at the figure.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import clean, compensate, read_fcs
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=1500, replicates=1).write(Path(folder))
    ...     events = read_fcs(next(path for path in sorted(Path(folder).rglob("*.fcs")) if "stained" in path.name))
    >>> found = clean(compensate(events))
    >>> len(found.removed_by) == len(events.data)
    True
    """
    import pandas as pd

    removed_by = np.full(len(events), "", dtype="<U8")
    rows = []
    for step in STEPS:
        left = removed_by == ""
        bad, limit, note = _find(step, events, left, (area, height, time, viability))
        removed_by[left & bad] = step
        rows.append((step, int((left & bad).sum()), int((removed_by == "").sum()), limit, note))
    return Cleaned(events, removed_by, pd.DataFrame(rows, columns=["step", "removed", "left", "limit", "note"]))


def _find(step: str, events: Events, left: Bools, names: tuple[str, str, str, str]) -> tuple[Bools, str, str]:
    """Return the events that a step removes, where its line is, and what to know."""
    area, height, time, viability = names
    needed = {"time": (time, area), "margin": (area,), "debris": (area,), "doublets": (area, height),
              "dead": (viability,)}[step]  # fmt: skip
    none = np.zeros(len(events), dtype=bool)
    known = {name.casefold() for name in (*events.data, *events.markers.values())}
    lacking = [name for name in needed if name.casefold() not in known]
    if lacking:
        return none, "–", f"not done: the file has no {' and no '.join(lacking)}"
    if step == "time":
        return _disturbed(events, area, time, left)
    if step == "margin":
        tops = {name: events.tops[name] for name in _scatter(events, area)}
        return np.any([events.channel(name) >= top for name, top in tops.items()], axis=0), "top of the range", ""
    if step == "doublets":
        ratio = events.channel(area) / np.maximum(events.channel(height), 1e-9)
        middle, spread = _robust(ratio[left])
        limit = middle + DOUBLE * spread
        return ratio > limit, f"area / height {limit:.2f}", ""
    if step == "debris":
        size = events.channel(area)
        valley = _valley(np.log10(np.maximum(size[left], 1.0)), side=-1)
        return (none, "–", "one hump, nothing removed") if valley is None else (
            size < 10**valley, f"{area} {10**valley:,.0f}", "")  # fmt: skip
    dye = events.channel(viability)
    scale = Scale.of(dye[left])
    valley = _valley(scale(dye[left]), side=1)
    if valley is None:
        return none, "–", "one hump, nothing removed"
    limit = float(scale.inverse(valley))
    return dye > limit, f"{viability} {limit:,.0f}", ""


def _scatter(events: Events, area: str) -> list[str]:
    areas = [name for name in events.data if str(name).endswith("-A") and name not in events.markers]
    return [*dict.fromkeys([events.detector(area), *map(str, areas)])]


def _disturbed(events: Events, area: str, time: str, left: Bools) -> tuple[Bools, str, str]:
    """Find stretches of the run in which scatter is unlike the rest."""
    none = np.zeros(len(events), dtype=bool)
    order = np.flatnonzero(left)[np.argsort(events.channel(time)[left], kind="stable")]
    if len(order) < STRETCH * FEWEST_IN_STRETCH:
        return none, "–", f"not done: it needs {STRETCH * FEWEST_IN_STRETCH:,} events"
    stretch = np.arange(len(order)) * STRETCH // len(order)
    starts = np.searchsorted(stretch, np.arange(STRETCH))
    unlike = np.zeros(STRETCH, dtype=bool)
    for name in _scatter(events, area):
        values = events.channel(name)[order]
        medians = np.array([np.median(part) for part in np.split(values, starts[1:])])
        middle, spread = _robust(medians)
        unlike |= np.abs(medians - middle) > DISTURBED * spread
    bad = none.copy()
    bad[order] = unlike[stretch]
    return bad, f"{int(unlike.sum())} of {STRETCH} stretches", ""


def _robust(values: Floats) -> tuple[float, float]:
    """Return the median, and the standard deviation as the median absolute deviation tells it."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _valley(values: Floats, *, side: int) -> float | None:
    """Return the lowest point between the main hump of a histogram and the next one on a side (-1 left, 1 right)."""
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    counts, edges = np.histogram(values, bins=BINS)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), SMOOTH)
    peaks, _ = signal.find_peaks(np.pad(smooth, 1), prominence=PROMINENCE * smooth.max())
    peaks = peaks - 1
    main = int(peaks[np.argmax(smooth[peaks])])
    beside = peaks[(peaks - main) * side > 0]
    if not len(beside):
        return None
    other = int(beside.max() if side < 0 else beside.min())
    low, high = sorted((main, other))
    at = low + int(np.argmin(smooth[low : high + 1]))
    return float((edges[at] + edges[at + 1]) / 2)
