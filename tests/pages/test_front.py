"""The front page: its figure says what the claims say, its pictures are what the code draws, its verdicts the run's."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from fxyd3.claims import Scorecard, load_claims, read_ledger
from fxyd3.pages import front
from fxyd3.paths import book_file, book_root
from fxyd3.rerun import claim_links


def test_the_figure_tells_every_testable_claim_once_and_leads_to_it() -> None:
    html = front.paper_in_one_figure()
    told = re.findall(r'<a href="([^"]+)">(C\d)</a>', html)
    assert sorted(name for _, name in told) == [name for name in load_claims() if name != "C9"]
    assert all(claim_links()[name] == link for link, name in told)
    for picture in re.findall(r"<svg.*?</svg>", html):
        ElementTree.fromstring(picture)
    assert "no data" in html


def test_cells_die_and_are_left_as_the_story_says() -> None:
    """Coloured cells are alive: five groups of them at first, two of them as residue, none under the glycoside."""

    def alive(step: str) -> int:
        return front.picture(front.SEEN.index(step)).count('r="3.4"')

    whole = alive("groups")
    assert whole == 5 * front.PER_GROUP
    assert whole > alive("chemotherapy") > alive("residual") == 2 * front.PER_GROUP
    assert alive("glycoside") == 0


def test_the_pictures_of_the_doors_are_what_the_code_draws() -> None:
    for name, text in front.doors().items():
        assert (book_root() / "_static" / name).read_text(encoding="utf-8") == text, "run `python -m fxyd3.pages.front`"
        ElementTree.fromstring(text)


def test_a_glance_says_the_verdict_of_each_claim() -> None:
    records = read_ledger(book_file("data", "ledgers", "null-twin.json"))
    tiles = Scorecard({"one": records}, claim_links()).at_a_glance().split("<li>")[1:]
    assert len(tiles) == len(load_claims())
    for record in records:
        tile = next(tile for tile in tiles if f"<b>{record.evidence.claim}</b>" in tile)
        assert f"verdict-{str(record.verdict).replace(' ', '-')}" in tile
        assert ("in simulated data" in tile) == (str(record.verdict) != "not testable")
    assert "not testable" in tiles[-1]


def test_the_front_page_has_three_doors_with_pictures_that_are_described() -> None:
    text = Path(book_file("chapters", "index.md")).read_text(encoding="utf-8")
    cards = text.split(":::{grid-item-card} ")[1:]
    assert [card.split("\n")[0] for card in cards] == ["Read", "Rerun", "Teach"]
    assert all(":img-alt: " in card and ":img-top: " in card for card in cards)


def test_the_picture_for_links_has_the_size_that_sites_ask_for_and_its_words_fit() -> None:
    with Image.open(book_file("_static", "card.png")) as picture:
        assert picture.size == (1200, 630)
        edge = np.asarray(picture.convert("RGB"))[:, -40:]
    assert (edge == edge[0, 0]).all()
