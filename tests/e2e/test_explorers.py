"""Interactive figures in a real browser: they colour, count, and move, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = ".explorer-chart svg .mark-symbol path[fill]"


def drawn(page: Page, number: int = 0) -> Locator:
    explorer = page.locator(".explorer").nth(number)
    explorer.scroll_into_view_if_needed()
    expect(explorer).to_have_class(re.compile("drawn"))
    return explorer


def colours(explorer: Locator) -> set[str]:
    return set(
        explorer.locator(CELLS.removeprefix(".explorer-chart ")).evaluate_all(
            "all => all.map(one => one.getAttribute('fill'))"
        )
    )


def words(explorer: Locator) -> list[str]:
    return [text for text in explorer.locator("svg text").all_text_contents() if " cells, " in text]


def test_the_map_takes_another_colour_when_a_gene_is_chosen(site: Site, page: Page) -> None:
    page.goto(site / "chapters/03-cells.html")
    explorer = drawn(page)
    before = colours(explorer)
    explorer.get_by_label("Colour by").select_option("FXYD3")
    expect(explorer.locator("svg")).to_be_visible()
    page.wait_for_timeout(500)
    after = colours(explorer)
    assert "#0072B2" in before
    assert len(after) > len(before)  # a ramp


def test_brushing_counts_the_chosen_cells(site: Site, page: Page) -> None:
    page.goto(site / "chapters/03-cells.html")
    explorer = drawn(page)
    whole = words(explorer)
    box = explorer.locator("svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + 25, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 300, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    chosen = words(explorer)

    def count(lines: list[str]) -> int:
        return sum(int(line.split(" ")[0].replace(",", "")) for line in lines)

    assert 0 < count(chosen) < count(whole)


@pytest.mark.parametrize("number", [0, 1])
def test_sliders_move_the_curve_by_keyboard(site: Site, page: Page, number: int) -> None:
    page.goto(site / "chapters/05-rescue.html")
    explorer = drawn(page, number)
    line = explorer.locator("svg .mark-line path").first
    before = line.get_attribute("d")
    explorer.get_by_role("slider").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert line.get_attribute("d") != before


def test_an_explorer_fits_a_phone_and_its_table_opens(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site / "chapters/03-cells.html")
    explorer = drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    explorer.get_by_text("The numbers as a table").click()
    expect(explorer.locator("table")).to_be_visible()


def test_without_scripts_the_label_and_the_table_are_there(site: Site, page: Page) -> None:
    context = page.context.browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(site / "chapters/03-cells.html")
    explorer = bare.locator(".explorer").first
    expect(explorer.get_by_text("Simulated data (twin)")).to_be_visible()
    expect(explorer.get_by_text("The numbers as a table")).to_be_visible()
    context.close()
