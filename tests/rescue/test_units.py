"""Units of concentration and response."""

import numpy as np
import pytest

from fxyd3.data.units import to_nM
from fxyd3.errors import InputError
from fxyd3.rescue._kinetics import DIGITOXIN, DIGOXIN
from fxyd3.rescue._share import as_share


@pytest.mark.parametrize(
    ("unit", "factor"), [("M", 1e9), ("mM", 1e6), ("uM", 1e3), ("µM", 1e3), ("μM", 1e3), ("nM", 1), ("pM", 1e-3)]
)
def test_molar_units(unit: str, factor: float) -> None:
    given = np.array([[0.0, 1.0], [2.5, 30.0]])
    np.testing.assert_allclose(to_nM(given, unit), given * factor)


def test_mass_goes_through_the_molar_mass_of_the_drug() -> None:
    np.testing.assert_allclose(to_nM([0.5, 2.0], "ng/mL", drug="digoxin"), DIGOXIN.clinical_nM)
    np.testing.assert_allclose(to_nM([0.014, 0.026], "mg/L", drug="digitoxin"), DIGITOXIN.clinical_nM)
    np.testing.assert_allclose(to_nM(764.9, "ug/mL", drug="digitoxin"), 1e6)
    assert to_nM(1, "ug/L", drug="digoxin") == to_nM(1, "ng/mL", drug="digoxin")


@pytest.mark.parametrize(
    ("values", "unit", "drug", "told"),
    [
        (1, "nm", "", "did you mean 'nM'"),
        (1, "ng/ml", "digoxin", "did you mean 'ng/mL'"),
        (1, "ng/mL", "", "give the concentrations in nM"),
        (1, "ng/mL", "digoxine", "did you mean 'digoxin'"),
        (-1, "nM", "", "zero or more"),
        (np.nan, "nM", "", "zero or more"),
    ],
)
def test_what_cannot_be_converted_is_refused(values: float, unit: str, drug: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        to_nM(values, unit, drug=drug)


def test_percent_becomes_share_and_missing_values_stay() -> None:
    np.testing.assert_array_equal(as_share([100, np.nan, 40], unit="percent"), [1, np.nan, 0.4])
    np.testing.assert_array_equal(as_share([1.1, -0.02]), [1.1, -0.02])


@pytest.mark.parametrize(
    ("values", "unit", "told"),
    [
        ([98, 50], "share", "looks like percent"),
        ([1.02, 0.5], "percent", "looks like shares"),
        ([1], "percents", "did you mean 'percent'"),
        ([np.inf], "share", "infinite"),
    ],
)
def test_values_that_contradict_their_unit_are_refused(values: list[float], unit: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        as_share(values, unit=unit)  # type: ignore[arg-type]
