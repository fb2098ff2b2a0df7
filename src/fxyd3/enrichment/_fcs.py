"""Flow cytometry files: what a cytometer saw, and the spill of dyes into each other's detectors."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

VERSIONS = ("FCS2.0", "FCS3.0", "FCS3.1")
ORDERS = ("1,2,3,4", "4,3,2,1", "1,2", "2,1")
SPILL_KEYWORDS = ("spillover", "spill")
FEWEST_BRIGHT = 20


@dataclass(frozen=True, eq=False)
class Events:
    """The events of one tube.

    Attributes
    ----------
    data
        One row per event, one column per detector ($PnN); float32, in units of the detector; Time in seconds.
    markers
        Detector to what it shows ($PnS), where the file says it.
    tops
        Detector to the top of its range ($PnR).
    spillover
        Share of each dye's light (rows) in each detector (columns), as the file gives it; None: it gives none.
    source, simulated
        Name of the file, and whether it says that no cell was measured.
    compensated
        Whether the spill was taken out.
    """

    data: "pd.DataFrame"
    markers: Mapping[str, str]
    tops: Mapping[str, float]
    spillover: "pd.DataFrame | None"
    source: str
    simulated: bool
    compensated: bool = False

    def __len__(self) -> int:
        return len(self.data)

    def detector(self, name: str) -> str:
        """Return the detector of a marker (such as NRP1) or the detector itself (PE-A); upper and lower case alike.

        Raises
        ------
        InputError
            When the file has neither, with the nearest name.
        """
        known = {str(detector).casefold(): str(detector) for detector in self.data}
        known |= {marker.casefold(): detector for detector, marker in self.markers.items()}
        if name.casefold() not in known:
            there = [*self.data, *self.markers.values()]
            raise InputError(
                f"{self.source} has no channel '{name}'{nearest(name, there)}: it has {', '.join(map(str, there))}."
            )
        return known[name.casefold()]

    def channel(self, name: str) -> NDArray[np.float64]:
        """Return the values of a marker or detector, by event."""
        return self.data[self.detector(name)].to_numpy(dtype=np.float64)

    def keep(self, which: NDArray[np.bool_]) -> "Events":
        """Return some of the events."""
        return replace(self, data=self.data[which].reset_index(drop=True))


def read_fcs(path: str | Path) -> Events:
    """Read an FCS file (2.0, 3.0 or 3.1) with flowio.

    Gains, logarithmic amplification and the time step are taken into account, so that values are linear.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Events

    Raises
    ------
    InputError
        When the file is not there, is no FCS file or of another version, is truncated, holds no events or several data
        sets, or its spill-over matrix is broken.

    When not to use
    ---------------
    For compensated values exported as a table: they have lost their controls.

    Examples
    --------
    A tube of the twin's sort, written as a cytometer would:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import read_fcs
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=500, replicates=1).write(Path(folder))
    ...     events = read_fcs(sorted(Path(folder).rglob("*.fcs"))[0])
    >>> len(events.data), events.simulated
    (500, True)
    """
    import pandas as pd
    from flowio import FlowData
    from flowio.exceptions import FlowIOException

    path = Path(path).expanduser()
    _check_begin(path)
    broken = (FlowIOException, NotImplementedError, struct.error, re.error, EOFError, LookupError, OSError, TypeError,
              ValueError)  # fmt: skip
    try:
        with path.open("rb") as handle:
            raw = FlowData(handle, ignore_offset_error=True)
        mode, order = raw.text["mode"].lower(), raw.text["byteord"].replace(" ", "")
        values = raw.as_array(preprocess=True).astype(np.float32)
    except broken as error:
        if "multiple data sets" in str(error):
            raise InputError(f"{path.name} holds several data sets: export each as a file of its own.") from None
        raise InputError(
            f"{path.name} cannot be read as an FCS file, it may be truncated: export it again from the cytometer."
        ) from None
    if mode != "l" or order not in ORDERS:
        raise InputError(f"{path.name} holds no plain list of events ($MODE, $BYTEORD): export it as FCS 3.1.")
    if not raw.event_count or not values.size:
        raise InputError(f"{path.name} holds no events: leave it out, or export it again.")
    if len(values) != raw.event_count:
        raise InputError(
            f"{path.name} is truncated: it holds {len(values):,} of the {raw.event_count:,} events it promises; export "
            "it again from the cytometer."
        )
    labels = [label.strip() for label in raw.pnn_labels]
    if len({label.casefold() for label in labels}) < values.shape[1]:
        raise InputError(
            f"{path.name} has two channels of the same name, or one without: mend $PnN and export it again."
        )
    if not np.isfinite(values).all():
        raise InputError(f"{path.name} holds values that are no numbers: export it again from the cytometer.")
    about = " ".join(str(raw.text.get(key, "")) for key in ("cyt", "com"))
    return Events(
        data=pd.DataFrame(values, columns=labels),
        markers={label: name.strip() for label, name in zip(labels, raw.pns_labels, strict=True) if name.strip()},
        tops=dict(zip(labels, map(float, raw.pnr_values), strict=True)),
        spillover=_spillover(raw.text, labels, path.name),
        source=path.name,
        simulated="simulated" in f"{path.name} {about}".casefold(),
    )


def compensate(events: Events, spillover: "pd.DataFrame | None" = None) -> Events:
    """Take the spill of dyes into other detectors out of the events.

    Parameters
    ----------
    events
        As read.
    spillover
        Share of each dye's light (rows) in each detector (columns); see `spillover_matrix`. None: the file's own.

    Raises
    ------
    InputError
        Without a matrix, with one that fits no channels or cannot be inverted, or for events compensated before.

    References
    ----------
    Parks 2006, doi:10.1002/cyto.a.20258 (why dim compensated events lie on both sides of zero).

    When not to use
    ---------------
    On events that the cytometer's program has compensated before it wrote them: the spill would be taken out twice.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import compensate, read_fcs
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=500, replicates=1).write(Path(folder))
    ...     events = read_fcs(sorted(Path(folder).rglob("*.fcs"))[0])
    >>> compensate(events).compensated
    True
    """
    if events.compensated:
        raise InputError(f"The events of {events.source} are compensated: do it once only.")
    matrix = events.spillover if spillover is None else spillover
    if matrix is None:
        raise InputError(
            f"{events.source} holds no spill-over matrix: give one, for example from single-stained controls."
        )
    detectors = [events.detector(str(name)) for name in matrix.columns]
    light = matrix.to_numpy(dtype=float)
    if light.shape[0] != light.shape[1] or not np.isfinite(light).all() or np.linalg.cond(light) > 1e6:
        raise InputError(f"The spill-over matrix for {events.source} cannot be inverted: two dyes look the same in it.")
    data = events.data.copy()
    data[detectors] = (data[detectors].to_numpy(dtype=np.float64) @ np.linalg.inv(light)).astype(np.float32)
    return replace(events, data=data, compensated=True)


def spillover_matrix(single_stained: Mapping[str, Events], unstained: Events) -> "pd.DataFrame":
    """Estimate the spill of each dye from tubes with one dye alone.

    In each tube, cells that carry the dye are told from the others by the middle, on a log scale, between unstained
    cells and the brightest ones. The spill is the slope of another detector on the dye's own among them (least
    squares), so that it does not matter how much light these cells have by themselves. Events at the top of a detector
    are left out.

    Parameters
    ----------
    single_stained
        By marker or detector: events with that dye alone, not compensated; best without debris and doublets.
    unstained
        Events without any dye.

    Returns
    -------
    DataFrame
        Share of each dye's light (rows) in each detector (columns); 1 on the diagonal.

    Raises
    ------
    InputError
        When a tube holds no cells that are brighter than unstained ones, or its channel is missing.

    When not to use
    ---------------
    With controls dimmer than the cells to be compensated, or of another dye: a small error in a share is a large one
    in bright cells.

    Examples
    --------
    Two dyes, of which the first spills a tenth of its light into the other's detector:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.enrichment import Events, spillover_matrix
    >>> def tube(a, b):
    ...     rng = np.random.default_rng(1)
    ...     light = pd.DataFrame({"A": rng.normal(a, 5, 400), "B": rng.normal(0.1 * a + b, 5, 400)})
    ...     return Events(light, {"A": "one", "B": "two"}, {"A": 1e5, "B": 1e5}, None, "made up", True)
    >>> found = spillover_matrix({"A": tube(1000, 0), "B": tube(0, 1000)}, tube(0, 0))
    >>> found.round(2)
          A     B
    A  1.00  0.08
    B  0.06  1.00
    """
    import pandas as pd

    own = {events.detector(name): events for name, events in single_stained.items()}
    detectors = list(own)
    rows = []
    for detector, events in own.items():
        signal = events.channel(detector)
        dim = max(np.quantile(unstained.channel(detector), 0.995), 1.0)
        seen_whole = (events.data[detectors] < [events.tops[other] for other in detectors]).all(axis=1).to_numpy()
        bright = seen_whole & (signal > np.sqrt(dim * max(np.quantile(signal, 0.99), dim)))
        if bright.sum() < FEWEST_BRIGHT or np.median(signal[bright]) < 2 * dim:
            raise InputError(
                f"{events.source} holds no cells brighter in {detector} than unstained ones: check its dye."
            )
        light = np.cov(np.array([events.channel(other)[bright] for other in (detector, *detectors)]))[0, 1:]
        rows.append(light / light[detectors.index(detector)])
    return pd.DataFrame(rows, index=detectors, columns=detectors)


def _check_begin(path: Path) -> None:
    if not path.is_file():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {path}{nearest(path.name, there)}: check its name and folder.")
    with path.open("rb") as handle:
        begin = handle.read(6).decode("latin-1")
    if not begin.startswith("FCS"):
        raise InputError(f"{path.name} is not an FCS file: export the events as FCS 3.1 (or 3.0, or 2.0).")
    if begin not in VERSIONS:
        raise InputError(f"{path.name} is of version {begin}: the book reads 2.0, 3.0 and 3.1; export it as FCS 3.1.")


def _spillover(text: Mapping[str, str], labels: list[str], name: str) -> "pd.DataFrame | None":
    """Return the spill-over matrix that the file gives, if any."""
    import pandas as pd

    found = next((text[key] for key in SPILL_KEYWORDS if text.get(key, "").strip()), None)
    if found is None:
        return None
    try:
        words = [word.strip() for word in found.split(",")]
        n = int(words[0])
        dyes, shares = words[1 : n + 1], np.array(words[n + 1 :], dtype=float).reshape(n, n)
        if n < 1 or len({*dyes}) < n:
            raise ValueError
    except ValueError:
        raise InputError(
            f"The spill-over matrix in {name} is broken: export the file again, or mend $SPILLOVER."
        ) from None
    unknown = [dye for dye in dyes if dye not in labels]
    if unknown:
        raise InputError(
            f"The spill-over matrix in {name} names {unknown[0]}, which is no channel of it"
            f"{nearest(unknown[0], labels)}: mend $SPILLOVER."
        )
    return pd.DataFrame(shares, index=dyes, columns=dyes)
