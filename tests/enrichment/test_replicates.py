"""Replicates of a limiting dilution: a planted outlier, error rates, and agreement with the comparison of groups."""

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import limiting_dilution
from fxyd3.enrichment._elda import elda
from fxyd3.enrichment._replicates import heterogeneity, replicates
from fxyd3.errors import InputError

DOSES = np.array([10.0, 30, 90, 270])


def study(frequencies: list[float], seed: int = 1, group: str = "sorted") -> pd.DataFrame:
    """One replicate for each frequency, 24 wells per dose."""
    rng = np.random.default_rng(seed)
    return pd.concat(
        [
            pd.DataFrame({"group": group, "experiment": f"E{i + 1}", "cells_per_well": DOSES, "wells_tested": 24,
                          "wells_positive": rng.binomial(24, -np.expm1(-frequency * DOSES))})
            for i, frequency in enumerate(frequencies)
        ]
    )  # fmt: skip


def test_a_planted_outlier_is_found_and_is_the_most_extreme() -> None:
    table = pd.concat([study([1 / 80] * 4 + [1 / 15]), study([1 / 40] * 3, group="unsorted")])
    found = replicates(table).set_index(["group", "replicate"])
    assert found["p"].idxmin() == ("sorted", "E5")
    assert found.loc[("sorted", "E5"), "outlier"]
    assert found.loc[("sorted", "E5"), "fold"] == pytest.approx(80 / 15, rel=0.35)
    assert not found.loc["unsorted", "outlier"].any()
    told = heterogeneity(table).set_index("group")
    assert told.loc["sorted", "p"] < 1e-6 < 0.01 < told.loc["unsorted", "p"]
    assert told["df"].tolist() == [4, 2]


def test_replicates_of_one_frequency_are_outliers_in_five_percent_of_studies() -> None:
    table = pd.concat([study([1 / 80] * 5, seed, group=f"{seed:03d}") for seed in range(150)])
    found = replicates(table).groupby("group")["outlier"].any()
    assert 0.01 < found.mean() < 0.1
    p = heterogeneity(table)["p"]
    assert 0.01 < (p < 0.05).mean() < 0.1
    assert 0.4 < (p < 0.5).mean() < 0.6


def test_each_replicate_is_compared_with_the_others_together() -> None:
    table = study([1 / 80, 1 / 60, 1 / 20])
    found = replicates(table).set_index("replicate")
    renamed = table.assign(group=np.where(table["experiment"] == "E2", "E2", "others"))
    both = elda(renamed, group="group")
    (pair,) = both.pairwise().to_dict("records")
    assert found.loc["E2", "p"] == pytest.approx(both.difference.p, rel=1e-6)
    assert found.loc["E2", "fold"] == pytest.approx(pair["fold"])
    own = elda(table, group="experiment").summary()
    assert found["estimate"].tolist() == pytest.approx(own["estimate"].tolist())
    assert heterogeneity(table)["chi_square"].item() == pytest.approx(elda(table, group="experiment").difference[0])


def test_unequal_doses_and_the_order_of_rows_do_not_matter() -> None:
    table = study([1 / 80, 1 / 60, 1 / 20]).iloc[:-3]
    pd.testing.assert_frame_equal(replicates(table), replicates(table.sample(frac=1, random_state=2)))
    assert replicates(table)["p"].notna().all()


def test_one_replicate_has_nothing_to_be_compared_with() -> None:
    (row,) = replicates(study([1 / 50])).to_dict("records")
    assert np.isnan([row["fold"], row["p"], row["p_holm"]]).all()
    assert not row["outlier"]
    assert np.isnan(heterogeneity(study([1 / 50]))["p"].item())


def test_the_twin_has_one_row_per_group_and_replicate() -> None:
    found = replicates(limiting_dilution(seed=1).table)
    assert list(found.columns) == ["group", "replicate", "estimate", "lower", "upper", "fold", "p", "p_holm", "outlier"]
    assert len(found) == 12
    assert (found["p_holm"] >= found["p"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicate": "experimnt"}, r"no column 'experimnt'.*did you mean 'experiment'"),
        ({"group": "grup"}, "did you mean 'group'"),
        ({"confidence": 0}, "confidence is 0"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replicates(study([0.1, 0.2]), **changes)  # type: ignore[arg-type]
