"""Do groups differ in when the event comes? The log-rank test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fxyd3.background._patients import read_patients, two_or_more

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LogRank:
    """Log-rank test; see ``log_rank``.

    Attributes
    ----------
    statistic
        Chi-squared.
    df
        Degrees of freedom: groups less one.
    p
        Two-sided.
    patients, events
        In all groups together.

    Examples
    --------
    >>> from fxyd3.background import gbsg2, log_rank
    >>> log_rank(gbsg2().patients, by="er").df
    1
    """

    statistic: float
    df: int
    p: float
    patients: int
    events: int

    def summary(self) -> "pd.DataFrame":
        """Return the test as one row: patients, events, statistic, df, p."""
        import pandas as pd

        return pd.DataFrame([(self.patients, self.events, self.statistic, self.df, self.p)],
                            columns=["patients", "events", "statistic", "df", "p"])  # fmt: skip


def log_rank(table: "pd.DataFrame", *, by: str, time: str = "time", event: str = "event") -> LogRank:
    """Test whether groups share one hazard.

    Parameters
    ----------
    table
        One row per patient.
    by
        Column of groups, two or more.
    time, event
        Columns: time to event or to last follow-up, and whether the event was seen.

    Returns
    -------
    LogRank

    Raises
    ------
    InputError
        For missing columns, empty cells, negative times, no event, or one group only.

    When not to use
    ---------------
    Where curves cross: early and late differences cancel, and a large p says nothing. Look at ``hazard_over_time``.

    Examples
    --------
    >>> from fxyd3.background import gbsg2, log_rank
    >>> log_rank(gbsg2().patients, by="er").p < 0.05
    True
    """
    from lifelines.statistics import multivariate_logrank_test

    found = read_patients(table, time, event, [by])
    groups = two_or_more(found, by)
    test = multivariate_logrank_test(found[time], found[by].astype(str), found[event])
    return LogRank(
        float(test.test_statistic), len(groups) - 1, float(test.p_value), len(found), int(found[event].sum())
    )
