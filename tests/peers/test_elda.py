"""Limiting dilution against R's statmod::elda: a real study, generated tables, and the example of the ELDA program."""

import io
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fxyd3.enrichment._elda import Elda, elda


def statmod_is_there() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "--vanilla", "-e", "quit(status = !requireNamespace('statmod', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not statmod_is_there(), reason="R with statmod (Debian r-cran-statmod) is not installed; .ci/run installs it"
    ),
]

SCRIPT = """
table <- read.csv(commandArgs(TRUE)[1], colClasses = c(case = "character", group = "character"))
rows <- lapply(split(table, table$case), function(t) {
    fit <- suppressWarnings(statmod::elda(t$positive, t$dose, t$tested, t$group, test.unit.slope = TRUE,
                                          confidence = as.numeric(commandArgs(TRUE)[2])))
    slopes <- fit[c("test.slope.wald", "test.slope.lr", "test.slope.score.logdose", "test.slope.score.dose")]
    differ <- if (is.null(fit$test.difference)) NA else fit$test.difference[c("Chisq", "df", "P.value")]
    told <- rbind(fit$CI[, c("Estimate", "Upper", "Lower"), drop = FALSE],
                  do.call(rbind, slopes)[, c("Estimate", "z value", "Pr(>|z|)")],
                  difference = differ)
    data.frame(case = t$case[1], what = sub("^Group ", "", rownames(told)), one = told[, 1], two = told[, 2],
               three = told[, 3])
})
options(digits = 15)
write.csv(do.call(rbind, rows), row.names = FALSE)
"""

FLOOR = 35
"""Hits per well above which R's score tests go wrong: its link keeps the slope of the probability above 2e-16, so that
doses where every well is positive for certain count as information."""

Said = dict[str, dict[str, list[float]]]


def ask_r(table: pd.DataFrame, folder: Path, confidence: float = 0.95) -> Said:
    """What R says, by case: three numbers for each group and test. One call for all cases."""
    table.to_csv(folder / "wells.csv", index=False)
    (folder / "elda.R").write_text(SCRIPT)
    command = ["Rscript", "--vanilla", str(folder / "elda.R"), str(folder / "wells.csv"), str(confidence)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = pd.read_csv(io.StringIO(done.stdout), dtype={"case": str, "what": str}).set_index(["case", "what"])
    return {
        str(case): {what: [float(x) for x in row] for (_, what), row in rows.iterrows()}
        for case, rows in told.groupby(level=0)
    }


def ours(rows: pd.DataFrame, confidence: float = 0.95) -> Elda:
    return elda(rows, dose="dose", tested="tested", positive="positive", group="group", confidence=confidence)


def most_hits(found: Elda) -> float:
    """Stem cells per well at the highest dose, in groups that have a finite frequency."""
    top = found.table.groupby("group")["cells_per_well"].max() * found.frequencies().set_index("group")["frequency"]
    return float(top[np.isfinite(top)].max())


def assert_agree(found: Elda, said: dict[str, list[float]], case: str) -> None:
    for group, *numbers in found.summary().itertuples(index=False):
        assert numbers == pytest.approx(said[str(group)], rel=1e-4), (case, group)
    if len(found.groups) > 1:
        assert [*found.difference] == pytest.approx(said["difference"], rel=1e-3, abs=1e-7), case
    tests = found.goodness_of_fit.set_index("test")[["slope", "statistic", "p"]]
    names = ("wald", "lr", "score.logdose", "score.dose")
    for (test, row), name in zip(tests.iterrows(), names, strict=True):
        _, z, p = said[f"test.slope.{name}"]
        if name.startswith("score") and most_hits(found) > FLOOR:
            continue
        if math.isnan(z):  # R gives p = 1 where nothing can be tested
            assert math.isnan(row["statistic"]), (case, test)
        elif math.isinf(tests.loc["Wald", "slope"]) and name == "wald":
            assert abs(z) < 0.05, case  # R stops on the way to an infinite slope, with a standard error beyond measure
            assert math.isnan(row["statistic"]), case
        else:
            assert row["statistic"] == pytest.approx(z, rel=1e-3, abs=2e-4), (case, test)
            assert row["p"] == pytest.approx(p, rel=2e-3, abs=1e-12), (case, test)
    if math.isfinite(tests.loc["Wald", "slope"]):
        assert tests.loc["Wald", "slope"] == pytest.approx(said["test.slope.wald"][0], rel=1e-3), case


@pytest.mark.real
def test_every_group_of_a_real_study(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(real_data / "lda_clonogenic_breast.csv").rename(
        columns={"cells_per_well": "dose", "wells_tested": "tested", "wells_positive": "positive"}
    )
    table["case"] = [f"{line} {n}" for line, n in zip(table["cell_line"], table["replicate"], strict=True)]
    table["group"] = table["dose_gy"].map("{:g} Gy".format)
    each = table.assign(case=table["case"] + " " + table["group"], group="all")
    both = pd.concat([table, each])[["case", "group", "dose", "tested", "positive"]]
    said = ask_r(both, tmp_path)
    assert len(said) == 15 + 90
    for case, rows in both.groupby("case"):
        assert_agree(ours(rows), said[str(case)], str(case))


def generated() -> pd.DataFrame:
    """Random tables, and the corners: all positive, all negative, one dose, unequal wells, rows to be added up."""
    rng = np.random.default_rng(7)
    tables = []
    for n in range(60):
        doses = np.round(np.geomspace(1, 10 ** rng.uniform(0.5, 3), rng.integers(1, 8)), 2)
        for group in "abcd"[: rng.integers(1, 5)]:
            frequency = 10 ** rng.uniform(-3.5, 0)
            tested = rng.integers(1, 40, len(doses))
            positive = rng.binomial(tested, -np.expm1(-frequency * doses))
            tables.append(pd.DataFrame({"case": f"random {n:02d}", "group": group, "dose": doses, "tested": tested,
                                        "positive": positive}))  # fmt: skip
    corners = {
        "all positive": [("a", 1, 6, 6), ("a", 10, 6, 6)],
        "all positive, unequal wells": [("a", 0.5, 3, 3), ("a", 4, 20, 20), ("a", 4, 5, 5)],
        "all negative": [("a", 10, 12, 0), ("a", 100, 7, 0)],
        "all negative beside mixed": [("a", 10, 12, 0), ("a", 100, 12, 0), ("b", 10, 12, 3), ("b", 100, 12, 11)],
        "all positive beside mixed": [("a", 10, 12, 12), ("a", 100, 12, 12), ("b", 10, 12, 3), ("b", 100, 12, 11)],
        "all negative beside all positive": [("a", 10, 12, 0), ("b", 10, 12, 12)],
        "one dose": [("a", 30, 96, 35), ("b", 30, 96, 51)],
        "two doses that part the wells": [("a", 10, 12, 0), ("a", 40, 12, 12)],
        "one mixed dose between": [("a", 10, 12, 0), ("a", 20, 12, 5), ("a", 40, 12, 12)],
        "falling": [("a", 10, 12, 9), ("a", 20, 12, 5), ("a", 40, 12, 2)],
        "single wells": [("a", 1, 1, 0), ("a", 2, 1, 1), ("a", 3, 1, 0), ("a", 4, 1, 1)],
        "a row without wells": [("a", 10, 0, 0), ("a", 20, 10, 4), ("a", 50, 10, 9)],
    }
    for case, rows in corners.items():
        tables.append(pd.DataFrame(rows, columns=["group", "dose", "tested", "positive"]).assign(case=case))
    return pd.concat(tables)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_generated_tables(tmp_path: Path, confidence: float) -> None:
    table = generated()
    said = ask_r(table, tmp_path, confidence)
    assert len(said) == 72
    assert sum(most_hits(ours(rows)) <= FLOOR for _, rows in table.groupby("case")) > 50
    for case, rows in table.groupby("case"):
        assert_agree(ours(rows, confidence), said[str(case)], str(case))


def test_the_example_of_the_elda_program(tmp_path: Path) -> None:
    rows = [(50, 24, 2), (100, 24, 6), (200, 24, 9), (400, 24, 15), (800, 24, 21)]
    table = pd.DataFrame(rows, columns=["dose", "tested", "positive"]).assign(case="web", group="all")
    (numbers,) = ours(table).summary()[["estimate", "lower", "upper"]].round(0).to_numpy().tolist()
    assert numbers == [403, 302, 538]
    assert_agree(ours(table), ask_r(table, tmp_path)["web"], "web")
