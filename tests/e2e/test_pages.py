"""Every page of the built book in a real browser: quiet, quick, light, usable by keyboard, by phone and in the dark."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Site, watch
from tests.pace import pace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = "4.11.0"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
BUNDLE = "vega"
"""What the address of the script for interactive figures holds; it is counted once for the whole book."""

PAINT = """() => new Promise(told => {
  new PerformanceObserver(list => list.getEntriesByName("first-contentful-paint").forEach(e => told(e.startTime)))
    .observe({type: "paint", buffered: true});
  setTimeout(() => told(null), 3000);
})"""
LOADED = """() => performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
  .map(entry => [entry.name, entry.encodedBodySize])"""
SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 4 * innerHeight) {
    scrollTo({top: y, behavior: "instant"});
    await new Promise(done => setTimeout(done, 20));
  }
  scrollTo({top: 0, behavior: "instant"});
}"""
DRAWN = "[...document.querySelectorAll('.explorer')].every(one => one.classList.contains('drawn'))"
CONTROLS = """() => {
  const found = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(one => !one.disabled && one.tabIndex >= 0 && one.getClientRects().length
      && one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}));
  window.waiting = new Set(found);
  window.unseen = [];
  const name = one => one.outerHTML.slice(0, 150);
  const outlined = one => {
    const style = getComputedStyle(one);
    return style.outlineStyle != "none" && parseFloat(style.outlineWidth) > 0;
  };
  document.addEventListener("focusin", event => {
    const one = event.target, around = [one, ...one.querySelectorAll("*")];
    for (let up = one.parentElement, i = 0; up && i < 4; up = up.parentElement, i++) around.push(up);
    window.waiting.delete(one);
    const before = one.closest(".admonition.toggle")?.querySelector(".admonition-title");
    const drawn = before && getComputedStyle(before, "::before").outlineStyle != "none";
    if (!drawn && !around.some(outlined)) window.unseen.push(name(one));
  });
  window.left = () => [...window.waiting].map(name);
  return found.length;
}"""


@dataclass
class Visit:
    """What a first visit to a page was like: milliseconds to the first paint, bytes by address, and what went wrong."""

    page: str
    paint: float
    loaded: list[tuple[str, int]]
    wide: tuple[int, int]
    troubles: list[str]


@pytest.fixture(scope="module")
def shots(root: Path) -> Path:
    """The folder of screenshots, emptied."""
    folder = root / "runs" / "screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def visits(site: Site, browser: Browser, shots: Path) -> list[Visit]:
    """One first visit to each page, as by a reader who scrolls to its end, with nothing in the browser's cache."""
    return [visit(site, browser, page, shots) for page in site.pages]


def visit(site: Site, browser: Browser, name: str, shots: Path) -> Visit:
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce", color_scheme="light")
    page, troubles = context.new_page(), []
    watch(page, troubles)
    page.goto(site / name)
    page.wait_for_load_state("load")
    paint = page.evaluate(PAINT)
    page.evaluate(SCROLL)
    page.wait_for_load_state("networkidle")
    loaded = [(str(address), int(size)) for address, size in page.evaluate(LOADED)]
    shoot(page, shots, name, "wide-light")
    page.set_viewport_size(PHONE)
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    shoot(page, shots, name, "phone-light")
    context.close()
    return Visit(name, paint, loaded, (wide[0], wide[1]), troubles)


def shoot(page: Page, folder: Path, name: str, how: str) -> None:
    stem = name.removesuffix(".html").replace("/", "-")
    page.screenshot(path=folder / f"{stem}-{how}.jpg", type="jpeg", quality=60, full_page=True)


def test_every_page_opens_without_an_error_and_asks_no_other_host(visits: list[Visit]) -> None:
    assert len(visits) > 10
    assert not [trouble for each in visits for trouble in each.troubles]


def test_the_first_paint_comes_within_a_second(visits: list[Visit], site: Site, browser: Browser, shots: Path) -> None:
    slow, second = {each.page: each.paint for each in visits}, 1000 * pace()
    for _ in range(3):  # another program may have had the processor
        slow = {page: visit(site, browser, page, shots).paint for page, paint in slow.items() if paint >= second}
    assert not {page: paint for page, paint in slow.items() if paint >= second}


def test_a_page_is_light(visits: list[Visit], site: Site) -> None:
    heavy = {each.page: (site.folder / each.page).stat().st_size for each in visits}
    assert not {page: size for page, size in heavy.items() if size >= 500_000}
    whole = {each.page: sum(size for address, size in each.loaded if BUNDLE not in address) for each in visits}
    assert not {page: size for page, size in whole.items() if size >= 1_500_000}
    bundles = {
        address.rpartition("/")[2]: size for each in visits for address, size in each.loaded if BUNDLE in address
    }
    assert sum(bundles.values()) < 1_500_000


def test_no_page_scrolls_sideways_on_a_phone(visits: list[Visit]) -> None:
    assert not [(each.page, each.wide) for each in visits if each.wide[0] > each.wide[1]]


def test_a_phone_gets_the_contents_of_the_book_and_of_the_page_behind_buttons(site: Site, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(site / "chapters/02-enrichment.html")
    for button, dialog, link in (
        ("Contents of the book", "#pst-primary-sidebar-modal", "Glossary"),
        ("On this page", "#pst-secondary-sidebar-modal", "Key takeaways"),
    ):
        box = page.locator(dialog)
        expect(box).not_to_be_visible()
        page.get_by_role("button", name=button).click()
        expect(box.get_by_role("link", name=link, exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(box).not_to_be_visible()
    page.get_by_role("button", name="On this page").click()
    page.locator("#pst-secondary-sidebar-modal").get_by_role("link", name="Key takeaways", exact=True).click()
    assert page.url.endswith("#key-takeaways")


def test_the_contents_can_be_put_aside_on_a_wide_screen(site: Site, page: Page) -> None:
    page.goto(site / "chapters/02-enrichment.html")
    link = page.locator("#pst-primary-sidebar").get_by_role("link", name="Glossary")
    expect(link).to_be_visible()
    page.get_by_role("button", name="Contents of the book").click()
    expect(link).not_to_be_visible()


@pytest.mark.parametrize(("door", "leads"), [("Read", "01-background"), ("Rerun", "rerun"), ("Teach", "teach")])
def test_the_three_doors_lead_where_they_say(door: str, leads: str, site: Site, page: Page) -> None:
    page.goto(site / "index.html")
    page.wait_for_url("**/chapters/index.html")
    card = page.locator(".sd-card", has=page.locator(".sd-card-title", has_text=door))
    card.click()
    page.wait_for_url(f"**/chapters/{leads}.html")
    expect(page.locator("h1")).to_be_visible()


def test_previous_and_next_lead_back_and_forth(site: Site, page: Page) -> None:
    page.goto(site / "chapters/02-enrichment.html")
    title = page.locator("h1").inner_text()
    page.get_by_role("link", name="next").click()
    assert page.locator("h1").inner_text() != title
    page.get_by_role("link", name="previous").click()
    assert page.locator("h1").inner_text() == title


def test_search_finds_a_word_of_the_glossary(site: Site, page: Page) -> None:
    page.goto(site / "chapters/teach.html")
    page.keyboard.press("Control+k")
    page.get_by_role("searchbox").fill("adjusted rand index")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    found = page.locator("#search-results li a[href*='reference/glossary.html']").first
    expect(found).to_be_visible()
    found.click()
    page.wait_for_url("**/reference/glossary.html*")


def test_search_works_from_a_folder_without_a_server(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{(site.folder / 'search.html').as_uri()}?q=glycoside")
    expect(page.locator("#search-results li a[href*='glossary.html']").first).to_be_visible()
    page.close()


def test_the_theme_follows_the_system_until_it_is_chosen_and_the_choice_stays(site: Site, page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    page.goto(site / "chapters/index.html")
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    page.reload()
    light = page.evaluate(ground)
    assert light != dark
    switch = page.get_by_role("button", name="Color mode")
    switch.click()
    assert page.evaluate(ground) == dark
    page.goto(site / "chapters/teach.html")
    assert page.evaluate(ground) == dark
    switch.click()
    assert page.evaluate(ground) == light


def test_an_unknown_address_gets_a_page_whose_links_work_at_any_depth(site: Site, page: Page) -> None:
    lost = (site.folder / "404.html").read_text(encoding="utf-8")
    page.route("**/no/such/page.html", lambda route: route.fulfill(status=200, body=lost, content_type="text/html"))
    page.goto(site / "no/such/page.html")
    assert page.locator("h1").inner_text() == "Page not found"
    assert page.evaluate("getComputedStyle(document.querySelector('article')).fontSize") == "17px"
    page.get_by_role("link", name="Glossary").click()
    page.wait_for_url("**/chapters/reference/glossary.html")


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(site: Site, page: Page) -> None:
    lost: dict[str, Any] = {}
    for name in site.pages:
        page.goto(site / name)
        page.wait_for_load_state("load")
        for _ in range(page.evaluate(CONTROLS) + 25):
            page.keyboard.press("Tab")
        left, unseen = page.evaluate("[window.left(), window.unseen]")
        if left or unseen:
            lost[name] = {"never reached": left, "reached, but not to be seen": unseen}
    assert not lost, json.dumps(lost, indent=1)


def test_the_first_tab_leads_past_the_contents(site: Site, page: Page) -> None:
    page.goto(site / "chapters/02-enrichment.html")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe, installed once into the user's cache."""
    folder = platformdirs.user_cache_path("fxyd3") / f"axe-{AXE}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    npm = shutil.which("npm")
    if not script.exists():
        if npm is None:
            pytest.skip("npm, which fetches axe, is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
        done = subprocess.run(
            [npm, "install", *options, f"axe-core@{AXE}"], capture_output=True, check=False, timeout=120
        )
        if done.returncode or not script.exists():
            pytest.skip("npm could not fetch axe")
    return script.read_text(encoding="utf-8")


@pytest.fixture(params=["light", "dark"])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A tab of a reader whose system is light, or dark."""
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce", color_scheme=request.param)
    yield context.new_page()
    context.close()


def test_axe_finds_nothing_serious(axe: str, site: Site, tab: Page, shots: Path) -> None:
    dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    only = (
        {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
        if dark
        else {"type": "tag", "values": TAGS}
    )
    found: dict[str, list[Any]] = {}
    for name in site.pages:
        tab.goto(site / name)
        tab.wait_for_load_state("load")
        tab.wait_for_function(DRAWN)
        assert tab.evaluate("document.documentElement.dataset.theme ?? 'light'") == ("dark" if dark else "light")
        tab.evaluate(axe)
        rules = {"resultTypes": ["violations"], "runOnly": only}
        said = tab.evaluate("rules => axe.run(document, rules).then(result => result.violations)", rules)
        bad = [
            (each["id"], each["help"], [node["html"][:160] for node in each["nodes"][:3]])
            for each in said
            if each["impact"] in {"serious", "critical"}
        ]
        if bad:
            found[name] = bad
        if dark and "/api/" not in name:
            shoot(tab, shots, name, "wide-dark")
    assert not found, json.dumps(found, indent=1)
