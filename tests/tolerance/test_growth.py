"""Growth from images: planted rates come back, and what does not count is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, spearmanr

from fxyd3.errors import InputError
from fxyd3.tolerance import growth_rates, read_incucyte, serial_dilution

LAYOUT = serial_dilution({"line": "BCD"}, columns=range(2, 11), top=10, fold=3, control=11)
HOURS = np.arange(0, 49, 4.0)


def images(rate: float = 0.9, *, per_dose: float = -0.15, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Area of each well over time; the rate falls with the dose."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in LAYOUT.itertuples(index=False):
        area = 8 * 2 ** ((rate + per_dose * row.dose) * HOURS / 24) * np.exp(noise * rng.standard_normal(len(HOURS)))
        rows += [(*row, hours, value) for hours, value in zip(HOURS, area, strict=True)]
    return pd.DataFrame(rows, columns=[*LAYOUT.columns, "hours", "confluence"])


def export(folder: Path, **wells: list[float]) -> Path:
    lines = ["Vessel Name: plate", "\t".join(["Date Time", "Elapsed", *wells])]
    for i, values in enumerate(zip(*wells.values(), strict=True)):
        lines.append("\t".join(["1/1/2025 8:00:00 AM", str(4 * i), *map(str, values)]))
    path = folder / "images.txt"
    path.write_text("\n".join(lines))
    return path


def test_noiseless_growth_gives_its_rate_back() -> None:
    found = growth_rates(images()).set_index("dose")
    for dose, row in found.iterrows():
        assert row["rate"] == pytest.approx(0.9 - 0.15 * dose, abs=1e-9)
        assert row["relative"] == pytest.approx(1 - 0.15 * dose / 0.9, abs=1e-9)
    assert (found["wells"] == 3).all()


def test_intervals_hold_the_rate_as_often_as_promised() -> None:
    held = [
        int(row.lower <= 0.9 - 0.15 * row.dose <= row.upper)
        for seed in range(20)
        for row in growth_rates(images(noise=0.05, seed=seed)).itertuples()
    ]
    low, high = binom.ppf([0.005, 0.995], len(held), 0.95)
    assert low <= sum(held) <= high


def test_early_images_and_crowded_ones_do_not_count() -> None:
    table = images()
    settling = table.assign(confluence=table["confluence"].where(table["hours"] >= 8, 90.0))
    pd.testing.assert_frame_equal(growth_rates(settling), growth_rates(table))
    crowded = images(2.0, per_dose=-0.01)
    crowded["confluence"] = crowded["confluence"].clip(upper=95)
    found = growth_rates(crowded, ceiling=90)
    assert found["rate"].to_numpy() == pytest.approx(2 - 0.01 * found["dose"].to_numpy(), abs=1e-9)
    assert (growth_rates(crowded, ceiling=100)["rate"] < found["rate"]).all()


def test_units_of_area_and_order_do_not_matter_and_wells_without_cells_are_passed_over() -> None:
    table = images(noise=0.05)
    halved = table.assign(confluence=table["confluence"] / 2).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(growth_rates(halved), growth_rates(table))
    blank = table[table["row"] == "B"].assign(row="A", cells=None)
    pd.testing.assert_frame_equal(growth_rates(pd.concat([table, blank])), growth_rates(table))


def test_an_export_is_read_well_by_well(tmp_path: Path) -> None:
    table = read_incucyte(export(tmp_path, B2=[10, 11, 12], H12=[20, 21.5, 22]))
    assert list(table["well"]) == ["B2"] * 3 + ["H12"] * 3
    assert list(table["hours"]) == [0, 4, 8] * 2
    assert table.loc[table["well"] == "H12", "confluence"].tolist() == [20, 21.5, 22]


def test_the_layout_falls_along_the_columns() -> None:
    assert LAYOUT[LAYOUT["column"] == 2]["dose"].tolist() == [10] * 3
    assert LAYOUT[LAYOUT["column"] == 10]["dose"].iloc[0] == pytest.approx(10 / 3**8)
    assert LAYOUT[LAYOUT["column"] == 11]["dose"].tolist() == [0] * 3


@pytest.mark.real
def test_real_cells_grow_without_drug_and_less_with_more_of_it(real_data: Path) -> None:
    for plate, rows in (("A", {"MDA-MB-231": "BCD", "231-1KB3": "EFG"}), ("B", {"EN2": "BCD", "EP2": "EFG"})):
        layout = serial_dilution(rows, columns=range(2, 11), top=10, fold=3, control=11)
        path = real_data / "doxorubicin_mdamb231" / f"DM2470{plate}-incucyte-confluence.txt"
        found = growth_rates(read_incucyte(path).merge(layout, on=["row", "column"]))
        for name, own in found.groupby("cells"):
            rates = own.set_index("dose")["rate"]
            assert 0.3 < rates[0] < 2, f"{name} doubles in half a day to three days"
            assert rates[10] < 0.2 * rates[0]
            assert spearmanr(own["dose"].iloc[-4:], own["rate"].iloc[-4:]).statistic < -0.7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no line with 'Date Time'"),
        ("Date Time\tElapsed\tnote\n1\t0\tx\n", "0 wells and 1 times"),
        ("Date Time\tElapsed\tA1\n1\t0\t140\n", "holds 140 in well A1"),
        ("Date Time\tElapsed\tA1\n1\t0\t\n", "lacks a number in column 'confluence'"),
    ],
)
def test_a_wrong_export_is_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "plate.txt").write_text(text)
    with pytest.raises(InputError, match=told):
        read_incucyte(tmp_path / "plate.txt")


def test_other_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as text"):
        read_incucyte(tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match="a fold above 1"):
        serial_dilution({"a": "B"}, columns=[2], top=10, fold=1, control=3)
    with pytest.raises(InputError, match="share a row"):
        serial_dilution({"a": "BC", "b": "CD"}, columns=[2], top=10, fold=3, control=3)
    with pytest.raises(InputError, match="No well has 3 images from 60 hours"):
        growth_rates(images(), start=60)
    with pytest.raises(InputError, match="no column 'dose'"):
        growth_rates(images().drop(columns="dose"))
    with pytest.raises(InputError, match="confidence is 1"):
        growth_rates(images(), confidence=1)
