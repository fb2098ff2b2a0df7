"""A gate: above which brightness a cell counts as positive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fxyd3.enrichment._fcs import Events
from fxyd3.enrichment._scale import Scale
from fxyd3.errors import InputError

Floats = NDArray[np.float64]
Method = Literal["control", "mixture"]
MOST_FITTED = 20_000  # events, for the mixture
APART = 2.0  # Ashman's D
FEWEST_EVENTS = 100


@dataclass(frozen=True)
class Gate:
    """A threshold on one marker; see ``gate``.

    Attributes
    ----------
    marker, detector
        What is gated, and the detector that sees it.
    threshold
        In units of the detector, compensated: events above it are positive.
    method, control
        How it was set, and from which files (empty for a mixture).
    background
        Share of the control's events above the threshold; 0 for a mixture.
    """

    marker: str
    detector: str
    threshold: float
    method: Method
    control: str
    background: float

    def positive(self, events: Events) -> NDArray[np.bool_]:
        """Return which events are positive."""
        return np.asarray(events.channel(self.detector) > self.threshold)

    def share(self, events: Events) -> float:
        """Return the share of positive events, less that which the control shows by chance; from 0 to 1.

        Of a share b of negative cells above the gate, ``(p - b) / (1 - b)`` of the events are truly positive.
        """
        seen = float(self.positive(events).mean())
        return float(np.clip((seen - self.background) / (1 - self.background), 0, 1))


def gate(
    events: Events,
    marker: str,
    *,
    control: Events | Sequence[Events] | None = None,
    quantile: float = 0.99,
    method: Method = "control",
) -> Gate:
    """Set a gate on a marker, from a control or from the cells themselves.

    Parameters
    ----------
    events
        Stained cells, compensated and clean; a mixture is fitted to them.
    marker
        Marker or detector.
    control
        One or more controls, treated like the cells: FMO (every dye but this one) or isotype.
    quantile
        Share of the control's events below the gate.
    method
        ``"control"``, or ``"mixture"``: two normal distributions on a logicle scale, with the gate where an event
        belongs to either with the same probability.

    Returns
    -------
    Gate

    Raises
    ------
    InputError
        Without a control or with too few events, for a quantile out of range, an unknown method, or a mixture whose two
        parts do not stand apart (Ashman's D below 2): then there is nothing to gate.

    References
    ----------
    Ashman 1994, doi:10.1086/117248 (when two normal distributions stand apart).

    When not to use
    ---------------
    An FMO control alone, where antibodies stick to cells by chance: it shows how far the other dyes reach, but holds no
    antibody to stick. An isotype control of another brightness than the antibody. An unstained tube, which shows
    neither. A mixture, where positive cells are few or a mere shoulder.

    Examples
    --------
    Cells of which a third carry the marker, gated by a control that cannot:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.enrichment import Events, gate
    >>> rng = np.random.default_rng(1)
    >>> def tube(light):
    ...     return Events(pd.DataFrame({"A": light}), {"A": "NRP1"}, {"A": 1e5}, None, "made up", True)
    >>> dark = tube(rng.normal(0, 100, 3000))
    >>> found = gate(tube(np.r_[rng.normal(0, 100, 2000), rng.normal(5000, 500, 1000)]), "NRP1", control=dark)
    >>> 100 < found.threshold < 4000
    True
    """
    detector = events.detector(marker)
    name = events.markers.get(detector, detector)
    if method == "mixture":
        return Gate(name, detector, _between(events.channel(detector), name, events.source), method, "", 0.0)
    if method != "control":
        raise InputError(f"There is no gate '{method}': choose control or mixture.")
    controls = [control] if isinstance(control, Events) else [*(control or ())]
    if not controls:
        raise InputError(f"A gate on {name} needs a control: give an FMO or isotype control, or take a mixture.")
    if not 0.5 <= quantile < 1:
        raise InputError(f"The quantile of the gate is {quantile:g}: it must lie from 0.5 to below 1.")
    seen = np.concatenate([each.channel(name) for each in controls])
    if len(seen) < FEWEST_EVENTS:
        raise InputError(f"The controls of {name} hold {len(seen)} clean events: a gate needs {FEWEST_EVENTS}.")
    threshold = float(np.quantile(seen, quantile))
    background = float((seen > threshold).mean())
    return Gate(name, detector, threshold, method, ", ".join(each.source for each in controls), background)


def _between(values: Floats, marker: str, source: str) -> float:
    """Return where two normal distributions on a logicle scale meet."""
    from sklearn.mixture import GaussianMixture

    if len(values) < FEWEST_EVENTS:
        raise InputError(f"{source} holds {len(values)} clean events: a mixture needs {FEWEST_EVENTS}.")
    scale = Scale.of(values)
    place = scale(values[:: max(1, len(values) // MOST_FITTED)])[:, None]
    start = np.quantile(place, [0.25, 0.99])[:, None]
    fitted = GaussianMixture(2, means_init=start, random_state=0).fit(place)
    (dim, bright), (narrow, wide) = fitted.means_.ravel(), np.sqrt(fitted.covariances_.ravel())
    if bright < dim or (bright - dim) / np.sqrt((narrow**2 + wide**2) / 2) < APART:
        raise InputError(
            f"{marker} in {source} has no two humps that stand apart: there is nothing to gate without a control."
        )
    grid = np.linspace(dim, bright, 1000)[:, None]
    return float(scale.inverse(grid[np.argmax(fitted.predict_proba(grid)[:, 1] > 0.5), 0]))
