"""Student's interval against R."""

import shutil
import subprocess

import numpy as np
import pytest

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
