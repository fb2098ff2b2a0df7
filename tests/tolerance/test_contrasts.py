"""Contrasts: what is read, what is absent, signatures against a regression by hand, the real tables, bad input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3.errors import InputError
from fxyd3.tolerance._contrasts import (
    describe_contrasts,
    gene_over_contrasts,
    read_contrasts,
    signatures_over_contrasts,
)

NAMES = ("A_Org-drug_VS_A_Org-vehicle", "A_PDX-other_VS_A_PDX-vehicle", "B_Org-drug_VS_B_Org-vehicle")


@pytest.fixture
def raw() -> pd.DataFrame:
    """Three contrasts of 300 genes; FXYD3 is absent from the second, and the third was cut at 0.05."""
    rng = np.random.default_rng(1)
    genes = ["FXYD3", *(f"G{i}" for i in range(299))]
    parts = []
    for name in NAMES:
        z, se = rng.normal(0, 2, 300), rng.uniform(0.1, 1, 300)
        p = 2 * stats.norm.sf(np.abs(z))
        parts.append(
            pd.DataFrame({"contrast": name, "gene": genes, "baseMean": 10.0, "log2FoldChange": z * se, "lfcSE": se,
                          "stat": z, "pvalue": p, "padj": stats.false_discovery_control(p)})
        )  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    table = table[~((table["contrast"] == NAMES[1]) & (table["gene"] == "FXYD3"))]
    return table[(table["contrast"] != NAMES[2]) | (table["padj"] < 0.05)].reset_index(drop=True)


@pytest.fixture
def table(raw: pd.DataFrame, tmp_path: Path) -> pd.DataFrame:
    raw.to_csv(tmp_path / "all.csv.gz", index=False)
    return read_contrasts(tmp_path / "all.csv.gz")


def test_a_folder_of_tables_gives_what_one_long_table_gives(
    raw: pd.DataFrame, table: pd.DataFrame, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, ending, sep in zip(NAMES, (".csv", ".tsv.gz", ".txt"), ",\t\t", strict=True):
        own = raw[raw["contrast"] == name].drop(columns="contrast").set_index("gene")
        own.rename_axis(None).to_csv(folder / f"{name}{ending}", sep=sep)
    pd.testing.assert_frame_equal(read_contrasts(folder), table)
    assert list(table) == ["contrast", "gene", "mean", "log2fc", "se", "stat", "p", "p_adjusted"]


def test_genes_without_an_estimate_are_left_out_and_unknown_p_stay(raw: pd.DataFrame, tmp_path: Path) -> None:
    raw.loc[3, ["log2FoldChange", "lfcSE", "stat", "pvalue", "padj"]] = np.nan
    raw.loc[4, ["pvalue", "padj"]] = np.nan
    raw.to_csv(tmp_path / "all.csv", index=False)
    found = read_contrasts(tmp_path / "all.csv")
    assert len(found) == len(raw) - 1
    assert raw.loc[3, "gene"] not in found.loc[found["contrast"] == NAMES[0], "gene"].to_list()
    assert found["p"].isna().sum() == 1


def test_contrasts_are_described(table: pd.DataFrame) -> None:
    told = describe_contrasts(table)
    assert list(told["model"]) == ["A", "A", "B"]
    assert told.loc[NAMES[0], "shares_model_with"] == NAMES[1]
    assert told.loc[NAMES[2], "shares_model_with"] == ""
    assert (told["treated"] + "_VS_" + told["control"]).tolist() == list(NAMES)
    assert told["cut"].tolist() == [False, False, True]
    assert told["genes"].tolist() == table.groupby("contrast", sort=False).size().tolist()
    assert told["rising"].sum() == (table["log2fc"] > 0).sum()


def test_absent_genes_have_a_row(table: pd.DataFrame, raw: pd.DataFrame) -> None:
    found = gene_over_contrasts(table, ["FXYD3", "G7", "none"], contrasts=NAMES[1::-1])
    assert found[["gene", "contrast", "present"]].to_numpy().tolist() == [
        ["FXYD3", NAMES[1], False], ["FXYD3", NAMES[0], True], ["G7", NAMES[1], True], ["G7", NAMES[0], True],
        ["none", NAMES[1], False], ["none", NAMES[0], False],
    ]  # fmt: skip
    assert found.loc[~found["present"], ["log2fc", "se", "lower", "upper", "p"]].isna().all(axis=None)
    own = raw[(raw["gene"] == "FXYD3") & (raw["contrast"] == NAMES[0])].iloc[0]
    assert found.loc[1, "upper"] == pytest.approx(own["log2FoldChange"] + 1.959964 * own["lfcSE"])
    assert found.loc[1, "p_adjusted"] == pytest.approx(own["padj"])
    assert len(gene_over_contrasts(table, ["FXYD3"])) == 3


def test_signatures_are_a_regression_of_the_statistics(table: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    signatures = pd.DataFrame(
        {"signature": "planted", "gene": [f"G{i}" for i in range(40)], "weight": rng.normal(0, 1, 40)}
    )
    few = pd.DataFrame({"signature": "few", "gene": ["G1", "G2", "none"], "weight": 1.0})
    found = signatures_over_contrasts(table, pd.concat([signatures, few])).set_index(["contrast", "signature"])
    for name in NAMES:
        own = table[table["contrast"] == name].set_index("gene")["stat"]
        line = stats.linregress(signatures.set_index("gene")["weight"].reindex(own.index).fillna(0), own)
        row = found.loc[(name, "planted")]
        assert row["t"] == pytest.approx(line.slope / line.stderr, rel=1e-6)
        assert row["p"] == pytest.approx(line.pvalue, rel=1e-5)
        assert (row["of"], row["genes"]) == (len(own), own.index.isin(signatures["gene"]).sum())
    few_rows = found.xs("few", level="signature")
    assert few_rows["t"].isna().all()
    assert few_rows["genes"].max() == 2
    known = found["p"].dropna()
    assert found["p_holm"].min() == pytest.approx(min(1, known.min() * len(known)))


def test_neither_the_order_of_rows_nor_a_turned_signature_surprises(table: pd.DataFrame) -> None:
    signature = pd.DataFrame({"signature": "s", "gene": [f"G{i}" for i in range(60)], "weight": 1.0})
    key = ["contrast", "signature"]
    first = signatures_over_contrasts(table, signature).set_index(key)
    mixed = signatures_over_contrasts(table.sample(frac=1, random_state=1), signature).set_index(key)
    assert mixed.loc[first.index, "t"].to_numpy() == pytest.approx(first["t"].to_numpy())
    turned = signatures_over_contrasts(table, signature.assign(weight=-1.0)).set_index(key)
    assert turned["t"].to_numpy() == pytest.approx(-first["t"].to_numpy())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: t.drop(columns="lfcSE"), "no column 'lfcSE'"),
        (lambda t: t.rename(columns={"stat": "Stat"}), r"no column 'stat' \(did you mean 'Stat'\?\)"),
        (lambda t: t.assign(lfcSE=0.0), "standard error of FXYD3 in A_Org.* is 0: it must be above 0"),
        (lambda t: t.assign(pvalue="small"), "'small' as p of FXYD3"),
        (lambda t: t.assign(stat=np.inf), "as stat of FXYD3"),
        (lambda t: pd.concat([t, t[:1]]), "FXYD3 twice in A_Org"),
        (lambda t: t.assign(gene=t["gene"].where(t["gene"] != "G5")), "a row without its contrast or gene"),
        (lambda t: t.assign(log2FoldChange=np.nan), "no gene with an estimate"),
        (lambda t: t[:0], "no gene with an estimate"),
    ],
)  # fmt: skip
def test_bad_tables_are_told_in_one_sentence(raw: pd.DataFrame, tmp_path: Path, spoil: object, told: str) -> None:
    spoil(raw).to_csv(tmp_path / "all.csv", index=False)  # type: ignore[operator]
    with pytest.raises(InputError, match=told):
        read_contrasts(tmp_path / "all.csv")


def test_no_file_and_no_tables_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_contrasts(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no tables in"):
        read_contrasts(tmp_path)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match="is empty"):
        read_contrasts(tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: gene_over_contrasts(t, ["fxyd3"]), r"None of fxyd3 .* \(did you mean 'FXYD3'\?\)"),
        (lambda t: gene_over_contrasts(t, []), "None of no genes"),
        (lambda t: gene_over_contrasts(t, ["FXYD3"], contrasts=["A"]), "no contrast 'A'"),
        (lambda t: gene_over_contrasts(t, ["FXYD3"], confidence=0), "confidence is 0"),
        (lambda t: describe_contrasts(t.drop(columns="p")), "no column 'p': read them with read_contrasts"),
        (lambda t: signatures_over_contrasts(t, t), "signatures have no column 'signature'"),
        (lambda t: signatures_over_contrasts(t, pd.DataFrame({"signature": "s", "gene": ["x"], "weight": 1.0})),
         "No signature has 5 genes"),
    ],
)  # fmt: skip
def test_bad_requests_are_told_in_one_sentence(table: pd.DataFrame, call: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        call(table)  # type: ignore[operator]


@pytest.mark.real
def test_the_real_contrasts_disagree_on_fxyd3_and_were_cut(real_data: Path) -> None:
    table = read_contrasts(real_data / "dhimolea2021_persister_deseq.csv.gz")
    told = describe_contrasts(table)
    assert told["cut"].all()
    assert (told["shares_model_with"] != "").sum() == 2
    assert np.abs(table["log2fc"] / table["se"] - table["stat"]).max() < 1e-3
    found = gene_over_contrasts(table, ["FXYD3"])
    assert (found["log2fc"] > 0).sum() == (found["log2fc"] < 0).sum() == 1
    assert set(found.loc[found["present"], "contrast"].str.split("_").str[0]) == {"MDAMB231", "HCI003"}
