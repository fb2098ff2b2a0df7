"""Kaplan-Meier, log-rank and Cox against R's survival, on the real patients."""

import io
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from fxyd3.background import Cohort, cohorts, cox, kaplan_meier, log_rank, split_at


def has_survival() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "--vanilla", "-e", "quit(status = !requireNamespace('survival', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not has_survival(), reason="R's survival is not installed; .ci/run installs it"),
]
COHORTS = {cohort.name: cohort for cohort in cohorts()}


@pytest.fixture(params=list(COHORTS))
def cohort(request: pytest.FixtureRequest) -> Cohort:
    return COHORTS[request.param]


def ask_r(table: pd.DataFrame, code: str, folder: Path) -> pd.DataFrame:
    """Run R code on a table ``d`` with ``library(survival)``; it writes one data frame to standard output."""
    table.assign(event=table["event"].astype(int)).to_csv(folder / "d.csv", index=False)
    script = f"library(survival); d <- read.csv('{folder / 'd.csv'}'); {code}"
    said = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=True)
    return pd.read_csv(io.StringIO(said.stdout))


def test_kaplan_meier(cohort: Cohort, tmp_path: Path) -> None:
    times = [1, 2, 3, 5]
    code = (
        "s <- summary(survfit(Surv(time, event) ~ er, d, conf.type = 'log-log'), times = c(1, 2, 3, 5));"
        "r <- data.frame(at_risk = s$n.risk, survival = s$surv, lower = s$lower, upper = s$upper);"
        "write.csv(r, row.names = FALSE)"
    )
    theirs = ask_r(cohort.patients, code, tmp_path)
    ours = kaplan_meier(cohort.patients, by="er", at=times).at_times
    for column in ("at_risk", "survival", "lower", "upper"):
        for mine, other in zip(ours[column], theirs[column], strict=True):
            if mine == mine:  # R gives limits of 1 where nobody had an event yet; here there are none
                assert mine == pytest.approx(other, rel=1e-6), column


def test_log_rank(cohort: Cohort, tmp_path: Path) -> None:
    code = "s <- survdiff(Surv(time, event) ~ er, d); write.csv(data.frame(chisq = s$chisq), row.names = FALSE)"
    assert log_rank(cohort.patients, by="er").statistic == pytest.approx(
        ask_r(cohort.patients, code, tmp_path)["chisq"].item(), rel=1e-6
    )


@pytest.mark.parametrize("period", ["whole", "early", "late"])
def test_cox(cohort: Cohort, tmp_path: Path, period: str) -> None:
    table = cohort.patients if period == "whole" else split_at(cohort.patients, at=3)[period]
    code = (
        "d$er <- relevel(factor(d$er), 'ER-positive'); f <- coxph(Surv(time, event) ~ er, d); i <- exp(confint(f));"
        "write.csv(data.frame(ratio = exp(coef(f)), lower = i[, 1], upper = i[, 2]), row.names = FALSE)"
    )
    theirs = ask_r(table, code, tmp_path).iloc[0]
    ours = cox(table, covariates=["er"]).ratios.iloc[0]
    for column in ("ratio", "lower", "upper"):
        assert ours[column] == pytest.approx(theirs[column], rel=1e-4)


def test_cox_with_covariates(cohort: Cohort, tmp_path: Path) -> None:
    code = (
        "for (n in names(d)) if (is.character(d[[n]])) d[[n]] <- relevel(factor(d[[n]]), max(d[[n]]));"
        f"f <- coxph(Surv(time, event) ~ {' + '.join(('er', *cohort.covariates))}, d);"
        "write.csv(data.frame(ratio = exp(coef(f))), row.names = FALSE)"
    )
    theirs = ask_r(cohort.patients, code, tmp_path)["ratio"]
    ours = cox(cohort.patients, covariates=["er", *cohort.covariates]).ratios["ratio"]
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-4)


def test_the_check_of_proportional_hazards_agrees_on_what_it_finds(cohort: Cohort, tmp_path: Path) -> None:
    """R's is the exact score test, ours its older approximation: on the same scale of time: close, not equal."""
    code = (
        "d$er <- relevel(factor(d$er), 'ER-positive'); z <- cox.zph(coxph(Surv(time, event) ~ er, d));"
        "write.csv(data.frame(p = z$table[1, 3]), row.names = FALSE)"
    )
    theirs = ask_r(cohort.patients, code, tmp_path)["p"].item()
    ours = cox(cohort.patients, covariates=["er"]).ratios["p_proportional"].item()
    assert (ours < 0.05) == (theirs < 0.05)
    assert 2 / 3 < ours / theirs < 3 / 2
