"""Simulated flow cytometry of a sort on NRP1 and IGF1R, with its controls, as FCS files."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, whole
from fxyd3.data.simulate.design import FRACTIONS, PULL, ancestral_share
from fxyd3.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DYES = {"PE-A": "NRP1", "APC-A": "IGF1R", "DAPI-A": "viability"}
CHANNELS = ("FSC-A", "FSC-H", "SSC-A", *DYES, "Time")
MARKERS = ("NRP1", "IGF1R")
SPILLOVER = np.array([[1.0, 0.06, 0.01], [0.02, 1.0, 0.0], [0.03, 0.005, 1.0]])  # row: dye, column: detector
RANGE = 262_144.0  # top of every detector, as is usual
PER_SECOND = 1_000.0

KINDS = ("live", "dead", "debris", "doublet")  # a doublet is two live cells
DEBRIS, DOUBLET = 2, 3
FSC, FSC_SD = np.array([80e3, 55e3, 12e3, 80e3]), np.array([0.15, 0.2, 0.5, 0.15])  # medians; SD of the log
SSC, SSC_SD = np.array([40e3, 70e3, 8e3, 40e3]), np.array([0.3, 0.3, 0.5, 0.3])
AREA_TO_HEIGHT, HEIGHT_SD = 1.2, 0.03
AUTOFLUORESCENCE, AUTOFLUORESCENCE_SD = np.array([150.0, 100.0, 200.0]), 0.4
MATTER = np.array([1.0, 1.5, 0.15, 1.0])  # autofluorescence by kind
BACKGROUND, STAIN_SD = 100.0, 0.5  # of an antibody, or its isotype, on a negative live cell
STICKING = np.array([1.0, 5.0, 0.15, 1.0])  # background by kind
UPTAKE, UPTAKE_SD = np.array([80.0, 20e3, 80.0, 80.0]), 0.4  # of the viability dye, by kind
BRIGHT = 20e3  # positive cells of a single-stained control
LOG_FOLD = 2.0  # log brightness per log odds of dial C1
DETECTOR_SD, PHOTONS = 60.0, 3.0  # noise: SD at no light, and variance per unit of light
STAINING_SD, SHARE_SD = 0.1, 0.15  # between replicates: log brightness, log odds of being positive
CLOG_AT, CLOG_LEFT = 0.6, 0.5  # when it begins, as a share of the run; signal that is left

TUBES = {  # dyes in the tube
    "unstained": (),
    "single-NRP1": ("NRP1",),
    "single-IGF1R": ("IGF1R",),
    "single-viability": ("viability",),
    "isotype": ("NRP1", "IGF1R", "viability"),
    "fmo-NRP1": ("IGF1R", "viability"),
    "fmo-IGF1R": ("NRP1", "viability"),
    "stained": ("NRP1", "IGF1R", "viability"),
}
REPLICATED = ("isotype", "fmo-NRP1", "fmo-IGF1R", "stained")


@dataclass(frozen=True)
class Sort(Assay):
    """A simulated sort: ``table`` is the sample sheet, ``events`` holds the data of each file named there."""

    events: dict[str, pd.DataFrame]

    def write(self, folder: str | Path) -> Path:
        """Write the FCS files, ``sort-simulated.csv`` (sheet) and ``.json`` (twin and truth); returns the sheet's path.

        The files are FCS 3.1, with the spill-over matrix under ``$SPILLOVER``. The ``truth_`` columns are left out.
        """
        for file, events in self.events.items():
            with replacing(Path(folder) / file) as partial:
                _write_fcs(partial, events)
        return super().write(folder)


def cell_sort(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    events: int = 10_000,
    replicates: int = 3,
    nrp1: float = 0.12,
    igf1r: float = 0.10,
    debris: float = 0.10,
    doublets: float = 0.05,
    dead: float = 0.08,
    clogged: float = 0.03,
) -> Sort:
    """Simulate the events of a sort: unstained, single-stained, isotype and FMO controls, and the stained cells.

    Cells have lognormal autofluorescence. Each antibody adds a lognormal background, ``exp(2 * PULL * C1)`` times
    brighter on positive cells. Among positive cells the share of ancestral ones is that of the sorted fraction. What a
    dye emits spills into the other detectors; these add noise that grows with the light, so that dim events lie around
    and below zero. In the null twin no cell is positive, and stained cells look like the isotype control.

    Parameters
    ----------
    seed, null, effect
        As in `twin`; dial C1 sets both the brightness of positive cells and how many of them are ancestral.
    events
        In each file, up to a million.
    replicates
        Of the isotype, FMO and stained samples (the unit of the share positive); the other controls are run once.
    nrp1, igf1r
        Share of positive cells; at most the share of ancestral cells, 0.15.
    debris, doublets, dead
        Shares of the events.
    clogged
        Share of the run during which half of every signal is lost.

    Returns
    -------
    Sort
        ``table``: file, sample ("unstained", "single-NRP1", "isotype", "fmo-NRP1", "stained", ...), replicate (int),
        stain (what is in the tube). ``events``, by file: FSC-A, FSC-H, SSC-A, PE-A (NRP1), APC-A (IGF1R), DAPI-A
        (viability) in units of the detector up to 262,144, and Time in seconds, all float32; truth_event ("live",
        "dead", "debris", "doublet"), truth_ancestral, truth_NRP1, truth_IGF1R (bool: positive; in a single-stained
        control, carrying the dye; for a doublet, in one of its cells) and truth_clogged (bool).
        Truth: ``share_positive`` (of live and dead single cells) and ``log_separation`` by marker; ``ancestral_share``
        of all cells and of the positive ones; ``spillover`` by dye, then detector; ``share`` of debris, doublets, dead
        and clogged events; ``clog``, its begin and end as shares of the run; ``populations``; ``noise``; ``spread``
        between replicates.

    Raises
    ------
    InputError
        For shares out of range, or numbers of events or replicates that cannot be.

    Notes
    -----
    All numbers here are assumptions; none was read for the sort of the paper.

    ======================  ============================================================================================
    positive 12% and 10%    a gate on the "high" cells; below the share of ancestral cells, so that no dial makes more
                            positive ancestral cells than there are
    brightness              signal 80-fold (NRP1) and 37-fold (IGF1R) above the background: a well separated population
    isotype background      100, with autofluorescence of 100 to 200: a little above unstained; exactly that of negative
                            cells, which real isotypes are not
    dead cells              five times the background, so that they look positive where they are not gated out
    single-stained          half of the cells carry the dye, brightly and whatever the dials (as with an antibody to
                            another, strong marker; half of the cells killed for the viability dye)
    spill-over              up to 6%, so that uncompensated events would look positive for another marker
    doublets                two live cells: area adds up, height does not
    between replicates      log standard deviations: 0.1 of the brightness, 0.15 of the odds of being positive
    ======================  ============================================================================================

    When not to use: to choose gates, voltages or a panel for a real cytometer.

    Examples
    --------
    Few events; one file for each tube:

    >>> from fxyd3.data.simulate import cell_sort
    >>> sort = cell_sort(events=500, replicates=1)
    >>> sort.table["sample"].tolist()[-2:], {len(events) for events in sort.events.values()}
    (['fmo-IGF1R', 'stained'], {500})
    """
    import pandas as pd

    begun = start("sort", seed=seed, null=null, effect=effect)
    events = whole("number of events", events, 1, 1_000_000)
    replicates = whole("number of replicates", replicates, 1, 1_000)
    ancestral = ancestral_share()
    given = {
        marker: number(f"share of {marker}-positive cells", share, 0, round(ancestral, 9))
        for marker, share in zip(MARKERS, (nrp1, igf1r), strict=True)
    }
    shares = {
        "debris": number("share of debris", debris, 0, 0.25),
        "doublet": number("share of doublets", doublets, 0, 0.25),
        "dead": number("share of dead cells", dead, 0, 0.25),
        "clogged": number("clogged share", clogged, 0, 1 - CLOG_AT),
    }

    strength = PULL[:2] * begun.dials["C1"]
    among_positive = np.array([ancestral_share(each) for each in strength])
    positive = np.array(list(given.values())) * (strength > 0)
    chance = np.array([positive * (1 - among_positive) / (1 - ancestral), positive * among_positive / ancestral])
    separation = LOG_FOLD * strength

    staining = begun.rng.normal(0, STAINING_SD, (replicates, 2))
    odds = np.exp(begun.rng.normal(0, SHARE_SD, (replicates, 1, 2)))
    chances = chance * odds / (1 - chance + chance * odds)

    rows, data = [], {}
    for tube, dyes in TUBES.items():
        for i in range(replicates if tube in REPLICATED else 1):
            single = tube.startswith("single")
            bright = np.array([single and marker in dyes for marker in MARKERS])
            sample = _Tube(
                stained=np.array([dye in dyes for dye in DYES.values()]),
                chance=np.where(bright, 0.5, chances[i]),
                separation=np.where(bright, np.log(BRIGHT / BACKGROUND), separation * (tube != "isotype")),
                staining=np.exp(staining[i]),
                share=shares | ({"dead": 0.5} if tube == "single-viability" else {}),
            )
            stain = "isotypes + viability" if tube == "isotype" else " + ".join(dyes) or "none"
            file = f"sort-{tube}-{i + 1}-simulated.fcs"
            rows.append((file, tube, i + 1, stain))
            data[file] = sample.draw(begun.rng, events)
    table = pd.DataFrame(rows, columns=["file", "sample", "replicate", "stain"])

    truth = {
        "share_positive": dict(zip(MARKERS, positive.tolist(), strict=True)),
        "log_separation": dict(zip(MARKERS, separation.tolist(), strict=True)),
        "ancestral_share": dict(zip(("all", *FRACTIONS[:2]), (ancestral, *among_positive.tolist()), strict=True)),
        "spillover": {
            dye: dict(zip(DYES, row, strict=True)) for dye, row in zip(DYES, SPILLOVER.tolist(), strict=True)
        },
        "share": shares,
        "clog": [CLOG_AT, CLOG_AT + shares["clogged"]],
        "populations": _populations(),
        "noise": {"sd_at_no_light": DETECTOR_SD, "variance_per_unit": PHOTONS},
        "spread": {"log_brightness": STAINING_SD, "log_odds_positive": SHARE_SD},
    }
    assay = begun.finish(
        table, truth, events=events, replicates=replicates, nrp1=given["NRP1"], igf1r=given["IGF1R"], debris=debris,
        doublets=doublets, dead=dead, clogged=clogged,
    )  # fmt: skip
    return Sort(**vars(assay), events=data)


@dataclass(frozen=True)
class _Tube:
    """What is in one tube: which dyes (3), and for the two markers how many cells are positive and how brightly."""

    stained: NDArray[np.bool_]
    chance: Floats  # of being positive: rows other, ancestral cells; columns markers
    separation: Floats  # log, positive above background
    staining: Floats  # factor
    share: Mapping[str, float]

    def draw(self, rng: np.random.Generator, n: int) -> pd.DataFrame:
        """Draw ``n`` events."""
        import pandas as pd

        upper = np.cumsum(
            [1 - sum(self.share[kind] for kind in KINDS[1:]), *(self.share[kind] for kind in KINDS[1:-1])]
        )
        kind = np.searchsorted(upper, rng.random(n), side="right")
        doublet = np.flatnonzero(kind == DOUBLET)
        each = np.append(kind, kind[doublet])  # one cell (or piece of debris) a row, the partners in doublets last
        cell = each != DEBRIS
        ancestral = cell & (rng.random(len(each)) < ancestral_share())
        positive = cell[:, None] & (rng.random((len(each), 2)) < self.chance[ancestral.astype(int)])

        z = rng.standard_normal((len(each), 7), dtype=np.float32)
        area = np.empty((len(each), 5))
        area[:, 0] = FSC[each] * np.exp(FSC_SD[each] * z[:, 0])
        area[:, 1] = SSC[each] * np.exp(SSC_SD[each] * z[:, 1])
        area[:, 2:] = AUTOFLUORESCENCE * (MATTER[each] * np.exp(AUTOFLUORESCENCE_SD * z[:, 2]))[:, None]
        background = BACKGROUND * STICKING[each][:, None] * np.exp(STAIN_SD * z[:, 3:5])
        area[:, 2:4] += self.stained[:2] * self.staining * background * np.exp(self.separation * positive)
        area[:, 4] += self.stained[2] * UPTAKE[each] * np.exp(UPTAKE_SD * z[:, 5])
        height = area[:, 0] / AREA_TO_HEIGHT * np.exp(HEIGHT_SD * z[:, 6])

        area[doublet] += area[n:]
        height[doublet] = np.maximum(height[doublet], height[n:])
        ancestral[doublet] |= ancestral[n:]
        positive[doublet] |= positive[n:]

        run = np.sort(rng.random(n))
        clogged = (run >= CLOG_AT) & (run < CLOG_AT + self.share["clogged"])
        signal = np.column_stack([area[:n, 0], height[:n], area[:n, 1], area[:n, 2:] @ SPILLOVER])
        signal[clogged] *= CLOG_LEFT
        noise = np.sqrt(DETECTOR_SD**2 + PHOTONS * signal[:, 3:])
        signal[:, 3:] += noise * rng.standard_normal((n, 3), dtype=np.float32)
        values = np.column_stack([np.minimum(signal, RANGE), run * n / PER_SECOND]).astype(np.float32)
        labels = {
            "truth_event": pd.Categorical.from_codes(kind, categories=pd.Index(KINDS)),
            "truth_ancestral": ancestral[:n],
            "truth_NRP1": positive[:n, 0],
            "truth_IGF1R": positive[:n, 1],
            "truth_clogged": clogged,
        }
        return pd.DataFrame(values, columns=CHANNELS).assign(**labels)


def _populations() -> dict[str, Any]:
    """Return medians and log standard deviations of what the events are made of, in units of the detector."""

    def by_kind(values: Floats) -> dict[str, float]:
        return dict(zip(KINDS, values.tolist(), strict=True))

    return {
        "FSC-A": {"median": by_kind(FSC), "log_sd": by_kind(FSC_SD)},
        "SSC-A": {"median": by_kind(SSC), "log_sd": by_kind(SSC_SD)},
        "FSC_area_to_height": {"median": AREA_TO_HEIGHT, "log_sd": HEIGHT_SD},
        "autofluorescence": {
            "median": dict(zip(DYES, AUTOFLUORESCENCE.tolist(), strict=True)),
            "log_sd": AUTOFLUORESCENCE_SD,
            "factor": by_kind(MATTER),
        },
        "antibody_background": {"median": BACKGROUND, "log_sd": STAIN_SD, "factor": by_kind(STICKING)},
        "viability_dye": {"median": by_kind(UPTAKE), "log_sd": UPTAKE_SD},
        "single_stained_positive": {"median": BRIGHT, "log_sd": STAIN_SD},
    }


def _write_fcs(path: Path, events: pd.DataFrame) -> None:
    """Write the channels as FCS 3.1."""
    from flowio import create_fcs

    values = array("f", events[list(CHANNELS)].to_numpy(np.float32).tobytes())
    matrix = ",".join([str(len(DYES)), *DYES, *(f"{share:g}" for share in SPILLOVER.ravel())])
    keywords = {
        "cyt": "simulated",
        "com": "simulated by fxyd3; no cell was measured",
        "spillover": matrix,
        "timestep": "1",
    }
    keywords |= {f"p{i + 1}r": f"{RANGE:.0f}" for i in range(len(CHANNELS))}
    with path.open("wb") as file:
        create_fcs(file, values, list(CHANNELS), [DYES.get(channel, "") for channel in CHANNELS], keywords)
