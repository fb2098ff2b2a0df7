"""How breast cancer comes back: survival of real patients, with intervals and checked assumptions.

Everything is imported when it is first used, so that the command line stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fxyd3.background._clinical import clinical_numbers
    from fxyd3.background._cohorts import Cohort, cohorts, cohorts_label, gbsg2, gse7390, read_cohort
    from fxyd3.background._cox import Cox, cox, split_at
    from fxyd3.background._hazard import HazardOverTime, hazard_over_time
    from fxyd3.background._kaplan_meier import KaplanMeier, kaplan_meier
    from fxyd3.background._log_rank import LogRank, log_rank

__all__ = [
    "Cohort",
    "Cox",
    "HazardOverTime",
    "KaplanMeier",
    "LogRank",
    "clinical_numbers",
    "cohorts",
    "cohorts_label",
    "cox",
    "gbsg2",
    "gse7390",
    "hazard_over_time",
    "kaplan_meier",
    "log_rank",
    "read_cohort",
    "split_at",
]

_HOME = {
    "clinical_numbers": "_clinical", "Cohort": "_cohorts", "cohorts": "_cohorts", "cohorts_label": "_cohorts",
    "gbsg2": "_cohorts", "gse7390": "_cohorts", "read_cohort": "_cohorts", "Cox": "_cox", "cox": "_cox",
    "split_at": "_cox", "HazardOverTime": "_hazard", "hazard_over_time": "_hazard", "KaplanMeier": "_kaplan_meier",
    "kaplan_meier": "_kaplan_meier", "LogRank": "_log_rank", "log_rank": "_log_rank",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
