"""Figures of exposure show what the tables hold, and say that they are no measurements."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fxyd3.plots import exposure, xenograft
from fxyd3.rescue import DIGITOXIN, DIGOXIN, Regimen, xenograft_gap


def label(axes: plt.Axes) -> str:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.get_supxlabel()


@pytest.mark.parametrize("regimen", [Regimen(DIGOXIN, 1.6, doses=7), Regimen(DIGITOXIN, 25.0, loading=False)])
def test_plasma_over_days_and_its_range(regimen: Regimen) -> None:
    axes = exposure({"daily": regimen, "half": Regimen(regimen.drug, regimen.mean_nM / 2)})
    line = next(each for each in axes.lines if each.get_label() == "daily")
    np.testing.assert_allclose(line.get_ydata(), regimen.course()["nM"])
    np.testing.assert_allclose(line.get_xdata(), regimen.course()["hours"] / 24)
    (band,) = [patch for patch in axes.patches if patch.get_gid() == "clinical"]
    ends = band.get_extents().transformed(axes.transData.inverted()).get_points()[:, 1]
    np.testing.assert_allclose(ends, regimen.drug.clinical_nM)
    assert axes.texts[0].get_text().startswith(regimen.drug.name)
    assert "not a measurement" in label(axes)


def test_a_dose_far_above_the_range_stays_on_the_figure() -> None:
    axes = exposure({"too much": Regimen(DIGOXIN, 20.0)})
    assert axes.get_ylim()[1] > Regimen(DIGOXIN, 20.0).summary()["peak_nM"].item()


def test_a_person_and_a_mouse_lie_on_the_curve_at_what_they_bear() -> None:
    gap = xenograft_gap([1, 30], ec50_nM=10, hill=1.5)
    axes = xenograft(gap, ec50_nM=10, hill=1.5, clinical={"digoxin": DIGOXIN.clinical_nM})
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert [line.get_xdata()[0] for line in marks] == gap["borne_nM"].tolist()
    assert [line.get_ydata()[0] for line in marks] == pytest.approx((100 * gap["mouse"]).tolist())
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told[0] == "human tumour cells"
    assert told[-2].startswith("tumour in a person")
    assert "if it bears 30 times more" in told[-1]
    assert "not a measurement" in label(axes)


def test_each_host_is_affected_alike_at_what_it_bears() -> None:
    gap = xenograft_gap([1, 10, 100], ec50_nM=10, hill=1.5)
    axes = xenograft(gap, ec50_nM=10, hill=1.5)
    drawn = {str(line.get_label()): line.get_xydata() for line in axes.lines}
    for fold in (10, 100):
        x, y = np.asarray(drawn[f"mouse cells, if {fold} times less sensitive"]).T
        borne = gap.loc[gap["fold"] == fold, "borne_nM"].item()
        assert np.interp(np.log(borne), np.log(x), y) == pytest.approx(100 * gap["person"].iloc[0], rel=1e-3)
