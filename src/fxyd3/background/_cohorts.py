"""Cohorts of real patients as tidy tables: two that ship with scikit-survival, or the reader's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.background._patients import read_patients
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

DAYS_PER_YEAR = 365.25
RECEPTOR_CUT_OFF = 10.0
FOLLOWED = 0.05
STATUS = {"positive": True, "pos": True, "+": True, "1": True, "er-positive": True, "er+": True,
          "negative": False, "neg": False, "-": False, "0": False, "er-negative": False, "er-": False}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients of one study; see ``gbsg2`` and ``gse7390``.

    Attributes
    ----------
    name
        Short name of the data set.
    patients
        One row per patient: time (years), event (true: it was seen), er ('ER-positive' or 'ER-negative'), and what
        else was measured.
    endpoint
        What counts as the event.
    treatment
        Which patients, and what treatment they had.
    receptor
        How receptor status is defined, and who chose the cut-off.
    doi
        The paper that describes the patients; empty where it is not known.
    covariates
        Columns of ``patients`` to adjust for.

    Examples
    --------
    >>> from fxyd3.background import gbsg2
    >>> gbsg2().endpoint
    'recurrence-free survival'
    """

    name: str
    patients: "pd.DataFrame"
    endpoint: str
    treatment: str
    receptor: str
    doi: str
    covariates: tuple[str, ...]

    @property
    def years(self) -> int:
        """The last whole year in which at least one patient in twenty is still followed; 2 at least."""
        times = np.sort(self.patients["time"].to_numpy())
        return max(int(times[-max(round(FOLLOWED * len(times)), 1)]), 2)

    def times(self, split: float = 0.0) -> list[float]:
        """Return years to show, from 0 to :attr:`years`; after ``split`` only every other where follow-up is long."""
        step = 1 if self.years <= 8 else 2
        first = np.arange(0, min(np.floor(split), self.years), 1)
        rest = np.arange(split, self.years + 1e-9, step)
        return [float(time) for time in np.unique([*first, *rest])]

    def summary(self) -> "pd.DataFrame":
        """Return one row per receptor status: er, patients, events, median follow-up of those without event (years)."""
        import pandas as pd

        rows = [
            (er, len(own), int(own["event"].sum()), float(own.loc[~own["event"], "time"].median()))
            for er, own in self.patients.groupby("er")
        ]
        return pd.DataFrame(rows, columns=["er", "patients", "events", "years_followed"])


def cohorts(path: str | Path = "", *, cut_off: float = RECEPTOR_CUT_OFF) -> list[Cohort]:
    """Return the reader's own cohort, or without one the two that ship with scikit-survival.

    Parameters
    ----------
    path
        See ``read_cohort``; empty: ``gbsg2`` and ``gse7390``.
    cut_off
        See ``gbsg2``.

    Returns
    -------
    list of Cohort

    Raises
    ------
    InputError
        As ``read_cohort`` and ``gbsg2`` do.

    Examples
    --------
    >>> from fxyd3.background import cohorts
    >>> [cohort.name for cohort in cohorts()]
    ['GBSG2', 'GSE7390']
    """
    return [read_cohort(path)] if path else [gbsg2(cut_off=cut_off), gse7390()]


def cohorts_label(found: "Sequence[Cohort]") -> str:
    """Return the label that figures of these patients carry.

    Parameters
    ----------
    found
        See ``cohorts``.

    Returns
    -------
    str

    Examples
    --------
    >>> from fxyd3.background import cohorts, cohorts_label
    >>> cohorts_label(cohorts())
    'Measured data: GBSG2 (686 patients), GSE7390 (198 patients)'
    """
    return "Measured data: " + ", ".join(f"{cohort.name} ({len(cohort.patients)} patients)" for cohort in found)


def read_cohort(path: str | Path) -> Cohort:
    r"""Read a table of patients.

    Parameters
    ----------
    path
        Table separated by commas, tabs or semicolons, one row per patient: time (years), event (0 or 1), er (positive
        or negative), and any other columns, which become covariates.

    Returns
    -------
    Cohort
        Named after the file.

    Raises
    ------
    InputError
        For a file that is not there or is no table, missing columns, empty cells, negative times, or a receptor status
        that is neither.

    When not to use
    ---------------
    For times that start at different moments, such as diagnosis in some and surgery in others.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.background import read_cohort
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("time,event,er\n1.5,1,negative\n4,0,positive\n")
    ...     cohort = read_cohort(path)
    >>> cohort.name, cohort.summary()["patients"].tolist()
    ('mine', [1, 1])
    """
    import pandas as pd

    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"There is no table of patients at {path}: give a file with columns time, event and er.")
    try:
        table = pd.read_csv(path, sep=None, engine="python", skipinitialspace=True)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path.name} is no table of patients: {error}.") from None
    table.columns = [str(name).strip().lower() for name in table]
    others = tuple(str(name) for name in table if name not in ("time", "event", "er", "patient"))
    patients = read_patients(table, "time", "event", ["er", *others])
    told = patients["er"].astype(str).str.strip().str.lower().str.removesuffix(".0")
    for row, status in enumerate(told):
        if status not in STATUS:
            raise InputError(f"Column 'er' of {path.name} is '{status}' in row {row}: write positive or negative.")
    return Cohort(
        name=path.stem,
        patients=patients.assign(er=_status(told.map(STATUS), "ER")),
        endpoint="the event of your table",
        treatment="as in your table",
        receptor="as your table says",
        doi="",
        covariates=others,
    )


def gbsg2(*, cut_off: float = RECEPTOR_CUT_OFF) -> Cohort:
    """Return the German Breast Cancer Study Group 2 data: 686 patients with node-positive breast cancer.

    Parameters
    ----------
    cut_off
        Receptor content (fmol, as the data set gives it) from which a tumour counts as positive. This value is a
        choice of this book, not of the study; repeat an analysis with another, such as 20.

    Returns
    -------
    Cohort
        ``patients`` has time (years), event (the end of recurrence-free survival), er, pr, age (years), nodes (positive
        lymph nodes), size (mm), grade ('grade I' to 'grade III'), hormonal ('hormonal therapy' or 'no
        hormonal therapy').

    Raises
    ------
    InputError
        For a cut-off that is not positive.

    References
    ----------
    Schumacher 1994, doi:10.1200/jco.1994.12.10.2086.

    When not to use
    ---------------
    For patients of today: the trial was published in 1994. For triple-negative cancer: HER2 was not measured.

    Examples
    --------
    >>> from fxyd3.background import gbsg2
    >>> gbsg2().summary().round(1)
                er  patients  events  years_followed
    0  ER-negative       189     103             3.9
    1  ER-positive       497     196             4.0
    """
    import pandas as pd
    from sksurv.datasets import load_gbsg2

    if not cut_off > 0:
        raise InputError(f"The cut-off of receptors is {cut_off:g} fmol, but must be above 0, for example 10.")
    measured, outcome = load_gbsg2()
    patients = pd.DataFrame(
        {
            "time": outcome["time"] / DAYS_PER_YEAR,
            "event": outcome["cens"],
            "er": _status(measured["estrec"] >= cut_off, "ER"),
            "pr": _status(measured["progrec"] >= cut_off, "PR"),
            "age": measured["age"].to_numpy(),
            "nodes": measured["pnodes"].to_numpy(),
            "size": measured["tsize"].to_numpy(),
            "grade": ("grade " + measured["tgrade"].astype(str)).to_numpy(),
            "hormonal": [
                "hormonal therapy" if given == "yes" else "no hormonal therapy" for given in measured["horTh"]
            ],
        }
    )
    return Cohort(
        name="GBSG2",
        patients=patients,
        endpoint="recurrence-free survival",
        treatment="node-positive breast cancer; chemotherapy, some with hormonal therapy; a trial published in 1994",
        receptor=f"receptor content of at least {cut_off:g} fmol counts as positive: a choice of this book",
        doi="10.1200/jco.1994.12.10.2086",
        covariates=("age", "nodes", "size", "grade", "hormonal"),
    )


def gse7390() -> Cohort:
    """Return the TRANSBIG validation series, GSE7390: 198 node-negative patients without systemic treatment.

    Returns
    -------
    Cohort
        ``patients`` has time (years), event (distant metastasis), er, age (years), size (cm), grade.

    References
    ----------
    Desmedt 2007, Clinical Cancer Research 13:3207 (GEO: GSE7390).

    When not to use
    ---------------
    For patients who have systemic treatment: these had none. For triple-negative cancer: HER2 is not in the table.

    Examples
    --------
    >>> from fxyd3.background import gse7390
    >>> gse7390().summary()[["er", "patients", "events"]]
                er  patients  events
    0  ER-negative        64      23
    1  ER-positive       134      28
    """
    import pandas as pd
    from sksurv.datasets import load_breast_cancer

    measured, outcome = load_breast_cancer()
    patients = pd.DataFrame(
        {
            "time": outcome["t.tdm"] / DAYS_PER_YEAR,
            "event": outcome["e.tdm"],
            "er": _status(measured["er"] == "positive", "ER"),
            "age": measured["age"].to_numpy(),
            "size": measured["size"].to_numpy(),
            "grade": measured["grade"].astype(str).replace("unkown", "unknown").to_numpy(),
        }
    )
    return Cohort(
        name="GSE7390",
        patients=patients,
        endpoint="time to distant metastasis",
        treatment="node-negative breast cancer; no systemic treatment",
        receptor="positive or negative as the study's table says; the cut-off is not in the data set",
        doi="10.1158/1078-0432.CCR-06-2765",
        covariates=("age", "size"),
    )


def _status(positive: "pd.Series", receptor: str) -> list[str]:
    return [f"{receptor}-{'positive' if value else 'negative'}" for value in positive]
