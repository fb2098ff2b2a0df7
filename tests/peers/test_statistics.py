"""Student's interval and the area under the ROC curve against R."""

import shutil
import subprocess

import numpy as np
import pytest

from fxyd3.cells import auroc
from fxyd3.claims import t_interval

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed; .ci/run installs it"),
]


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 3, 6, 40])
def test_t_interval_is_that_of_t_test(n: int, confidence: float) -> None:
    values = np.random.default_rng(n).lognormal(size=n)
    numbers = ", ".join(f"{value:.17g}" for value in values)
    code = f"t <- t.test(c({numbers}), conf.level = {confidence}); cat(format(c(t$estimate, t$conf.int), digits = 15))"
    said = subprocess.run(["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True)
    assert t_interval(values, confidence) == pytest.approx([float(x) for x in said.stdout.split()], rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_that_of_the_rank_sum_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.poisson(1.0, 60).astype(float)  # many ties, as counts have
    positive = rng.random(60) < 0.3
    inside, outside = (", ".join(f"{value:g}" for value in values[chosen]) for chosen in (positive, ~positive))
    code = f"x <- c({inside}); y <- c({outside}); w <- wilcox.test(x, y, exact = FALSE)$statistic"
    code += "; cat(format(w / (length(x) * length(y)), digits = 15))"
    said = subprocess.run(["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True)
    assert auroc(values[:, None], positive)[0] == pytest.approx(float(said.stdout), rel=1e-12)
