"""What all tests of figures share."""

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Draw without a screen, and close what was drawn."""
    mpl.use("agg")
    yield
    plt.close("all")
