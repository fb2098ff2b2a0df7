"""Published gene sets are read by name, with sign and source."""

import pytest

from fxyd3.data import gene_set
from fxyd3.data.signatures import PROFILE, UNSOURCED, gene_sets, lists_with
from fxyd3.errors import InputError
from fxyd3.paths import book_file

LIM = "LIM_MAMMARY_LUMINAL_PROGENITOR_UP"


def test_published_set() -> None:
    genes = gene_set(LIM)
    assert len(genes) == 58
    assert {"KIT", "ELF5"} <= set(genes)
    assert "FXYD3" not in genes


def test_an_unknown_set_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'LIM_MAMMARY_LUMINAL_MATURE_UP'.*choose one of"):
        gene_set("LIM_MAMMARY_LUMINAL_MATURE")


def test_a_net_holds_the_genes_of_the_set() -> None:
    net = gene_sets(LIM, "luminal progenitor")
    assert list(net.columns) == ["source", "target", "weight"]
    assert list(net["source"].unique()) == [LIM, "luminal progenitor"]
    for _, own in net.groupby("source"):
        assert tuple(own["target"]) == gene_set(LIM)
        assert (own["weight"] == 1).all()


def test_the_profile_is_signed_and_names_no_gene_twice_in_a_set() -> None:
    net = gene_sets()
    assert list(net["source"].unique()) == list(PROFILE)
    assert not net.duplicated(["source", "target"]).any()
    weight = net[net["source"] == "diapause"].set_index("target")["weight"]
    assert set(weight.index[weight < 0]) == set(gene_set("REHMAN2021_DIAPAUSE_DOWN"))
    assert weight["PDCD4"] == 1
    assert weight["LDHA"] == -1


def test_dots_that_stand_for_dashes_are_dashes_again() -> None:
    genes = set(gene_sets("WU2021_SCSUBTYPE_BASAL_SC", "WU2021_SCSUBTYPE_LUMB_SC")["target"])
    assert {"HLA-DRA", "HLA-DPB1", "DSCAM-AS1"} <= genes
    assert not {gene for gene in genes if "." in gene and not gene.startswith(("AP0", "RP"))}


@pytest.mark.parametrize(
    ("gene", "lists"),
    [
        ("FXYD3", ("WU2021_SCSUBTYPE_LUMA_SC",)),
        ("NRP1", ("LIM_MAMMARY_STEM_CELL_UP_SHORTLIST",)),
        ("HLA-DRA", ("WU2021_SCSUBTYPE_BASAL_SC",)),
        ("IGF1R", ()),
    ],
)
def test_lists_with_a_gene(gene: str, lists: tuple[str, ...]) -> None:
    assert lists_with(gene) == lists


def test_every_set_has_a_source() -> None:
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        _, source, *genes = line.split("\t")
        assert source
        assert len(genes) == len(set(genes))


@pytest.mark.real
def test_lim_2009_is_signed(real_data: object) -> None:
    net = gene_sets("lim2009_masc_basal").set_index("target")["weight"]
    assert net["NRP1"] > 0 > net["FXYD3"]
    with pytest.raises(InputError, match="choose one of lim2009_luminal_progenitor"):
        gene_sets("lim2009_alveolar")


def test_lim_2009_is_asked_for_where_it_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("FXYD3_DATA_DIR", str(tmp_path))
    with pytest.raises(InputError, match=r"signatures\.csv is not here"):
        gene_sets("lim2009_masc_basal")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        *[((name,), f"no sourced gene set for '{name}'") for name in UNSOURCED],
        (("luminal progenitors",), "did you mean 'luminal progenitor'"),
        (("EMT", "EMT"), "'EMT' is asked for 2 times"),
    ],
)
def test_bad_names_in_one_sentence(names: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError, match=told):
        gene_sets(*names)
