"""Two cohorts of real patients that ship with scikit-survival, as tidy tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_YEAR = 365.25
RECEPTOR_CUT_OFF = 10.0


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
        The paper that describes the patients.

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

    @property
    def label(self) -> str:
        """The label that figures of these patients carry."""
        return f"Measured data: {self.name}, {len(self.patients)} patients"

    def summary(self) -> "pd.DataFrame":
        """Return one row per receptor status: er, patients, events, median follow-up of those without event (years)."""
        import pandas as pd

        rows = [
            (er, len(own), int(own["event"].sum()), float(own.loc[~own["event"], "time"].median()))
            for er, own in self.patients.groupby("er")
        ]
        return pd.DataFrame(rows, columns=["er", "patients", "events", "years_followed"])


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
        lymph nodes), size (mm), grade (I to III), hormonal (whether hormonal therapy was given).

    Raises
    ------
    InputError
        For a cut-off that is not positive.

    References
    ----------
    Schumacher 1994, doi:10.1200/jco.1994.12.10.2086.

    When not to use
    ---------------
    For patients of today: these were treated in the 1980s. For triple-negative cancer: HER2 was not measured.

    Examples
    --------
    >>> from fxyd3.background import gbsg2
    >>> gbsg2().summary().round(1)
                er  patients  events  years_followed
    0  ER-negative       189      98             3.6
    1  ER-positive       497     201             4.0
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
            "grade": measured["tgrade"].astype(str).to_numpy(),
            "hormonal": (measured["horTh"] == "yes").to_numpy(),
        }
    )
    return Cohort(
        name="GBSG2",
        patients=patients,
        endpoint="recurrence-free survival",
        treatment="node-positive breast cancer; chemotherapy, with or without hormonal therapy; recruited in the 1980s",
        receptor=f"receptor content of at least {cut_off:g} fmol counts as positive: a choice of this book",
        doi="10.1200/jco.1994.12.10.2086",
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
    0  ER-negative        64      18
    1  ER-positive       134      33
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
            "grade": measured["grade"].astype(str).to_numpy(),
        }
    )
    return Cohort(
        name="GSE7390",
        patients=patients,
        endpoint="time to distant metastasis",
        treatment="node-negative breast cancer; no systemic treatment",
        receptor="positive or negative as the study's table says; the cut-off is not in the data set",
        doi="10.1158/1078-0432.CCR-06-2765",
    )


def _status(positive: "pd.Series", receptor: str) -> list[str]:
    return [f"{receptor}-{'positive' if value else 'negative'}" for value in positive]
