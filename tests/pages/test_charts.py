"""Scripts of interactive figures: one bundle, asked for by the pages that hold a figure and by no other."""

from pathlib import Path

import pytest

from fxyd3.pages.charts import BUNDLE, DRAW, MARK


@pytest.mark.book
@pytest.mark.slow
def test_only_pages_with_an_interactive_figure_ask_for_the_scripts(published: Path) -> None:
    html = published / "book" / "_build" / "html"
    asked = set()
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert (BUNDLE in text) == (DRAW in text) == (MARK in text), page.name
        if MARK in text:
            asked.add(page.name)
    assert asked == {"03-cells.html", "05-rescue.html"}
    bundle = (html / "_static" / BUNDLE).read_text(encoding="utf-8")
    assert "vegaEmbed" in bundle
    assert 300_000 < len(bundle) < 1_500_000
