"""The built book: every link leads somewhere, every figure is described, simulated is called simulated."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

pytestmark = [pytest.mark.book, pytest.mark.slow]


@pytest.fixture(scope="module")
def pages(published: Path) -> dict[Path, BeautifulSoup]:
    html = published / "book" / "_build" / "html"
    found = {p: BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser") for p in html.rglob("*.html")}
    return {p: soup for p, soup in found.items() if "_static" not in p.parts}


def page(pages: dict[Path, BeautifulSoup], name: str) -> BeautifulSoup:
    return next(soup for path, soup in pages.items() if path.as_posix().endswith(name))


def test_every_page_of_the_contents_is_there(pages: dict[Path, BeautifulSoup], root: Path) -> None:
    toc = (root / "_toc.yml").read_text()
    wanted = {line.split(":")[1].strip() for line in toc.splitlines() if "file:" in line or "root:" in line}
    assert not [name for name in wanted if not any(p.as_posix().endswith(f"{name}.html") for p in pages)]


def test_links_inside_the_book_lead_somewhere(pages: dict[Path, BeautifulSoup], published: Path) -> None:
    broken, root = [], published / "book" / "_build" / "html"
    for path, soup in pages.items():
        for link in soup.find_all("a", href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or parts.netloc:
                continue
            start = root if parts.path.startswith("/") else path.parent  # so it is on the page for wrong addresses
            target = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            if not target.exists():
                broken.append(f"{path.name}: {link['href']}")
            elif parts.fragment and target in pages and not pages[target].find(id=unquote(parts.fragment)):
                broken.append(f"{path.name}: {link['href']} (no such anchor)")
    assert not broken


def test_nothing_is_loaded_from_another_host(pages: dict[Path, BeautifulSoup]) -> None:
    hosts = {
        urlsplit(str(tag.get("src") or tag.get("href"))).netloc
        for soup in pages.values()
        for tag in soup.find_all(["script", "img", "link"])
        if tag.name != "link" or "stylesheet" in (tag.get("rel") or [])
    }
    assert hosts == {""}


def test_figures_have_alt_text_and_say_simulated_in_words(pages: dict[Path, BeautifulSoup]) -> None:
    for name, fewest in (
        ("02-enrichment", 10),
        ("gallery/clonogenic", 3),
        ("03-cells", 4),
        ("04-tolerance", 15),
        ("05-rescue", 15),
    ):
        chapter = page(pages, f"chapters/{name}.html")
        figures = chapter.select("figure img")
        assert len(figures) >= fewest
        assert all(len(str(image.get("alt", ""))) > 40 for image in figures)
        assert ("Simulated" in chapter.get_text()) is (name != "gallery/clonogenic")
    assert "Measured data" in page(pages, "chapters/gallery/clonogenic.html").get_text()
    assert "simulated" in page(pages, "chapters/index.html").get_text()


def test_no_cell_failed_and_no_traceback_is_shown(pages: dict[Path, BeautifulSoup]) -> None:
    for path, soup in pages.items():
        if path.parent.name != "api":  # whose examples show errors that are meant
            assert "Traceback (most recent call last)" not in soup.get_text(), path


def test_the_ledger_table_has_nine_claims_and_the_verdicts_of_the_evidence(
    pages: dict[Path, BeautifulSoup], published: Path
) -> None:
    import json

    table = page(pages, "chapters/06-scorecard.html").find("table")
    assert table is not None
    rows = {row.find("th").get_text(strip=True): row.get_text(" ") for row in table.select("tbody tr")}
    assert set(rows) == {f"C{i}" for i in range(1, 10)}
    for path in (published / "evidence").glob("*.json"):
        verdict = json.loads(path.read_text())["verdict"]
        assert verdict in rows[path.stem], f"{path.stem}: the table and the evidence disagree"


def test_the_front_page_has_the_three_doors(pages: dict[Path, BeautifulSoup]) -> None:
    titles = [card.get_text(strip=True) for card in page(pages, "chapters/index.html").select(".sd-card-title")]
    assert titles[:3] == ["Read", "Rerun", "Teach"]


def test_pages_are_not_heavy(published: Path) -> None:
    html = published / "book" / "_build" / "html"
    assert all(path.stat().st_size < 2_000_000 for path in html.rglob("*.html"))
    assert all(path.stat().st_size < 300_000 for path in (html / "_images").glob("*.png"))


@pytest.mark.parametrize("name", ["this-run.txt", "this-run-claims.txt"])
def test_the_committed_notice_is_the_one_of_the_published_run(root: Path, published: Path, name: str) -> None:
    made = published / "book" / "chapters" / name
    assert made.read_text() == (root / "chapters" / name).read_text()


def test_papers_that_a_table_names_are_linked(pages: dict[Path, BeautifulSoup]) -> None:
    found = 0
    for path, soup in pages.items():
        for cell in soup.select(".cell_output table td"):
            found += (named := cell.get_text().count("doi:10."))
            assert len(cell.select("a[href^='https://doi.org/10.']")) >= named, (path, cell.get_text())
    assert found >= 3, "the numbers of the clinic name three papers"
    assert not [path for path, soup in pages.items() if soup.select("a a")]
