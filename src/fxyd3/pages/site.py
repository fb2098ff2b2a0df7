"""What pages need beyond the theme: where the book stands, its front door, a page for wrong addresses, less weight."""

import gc
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

TEMPLATES = Path(__file__).parent / "templates"
THEME: dict[str, Any] = {
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "primary_sidebar_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "search_bar_text": "Search the book",
    "toc_title": "On this page",
    "use_fullscreen_button": False,
}
NOT_FOUND = {
    "title": "Page not found",
    "body": "<h1>Page not found</h1>\n<p>The book has no page at this address. It may have moved; the contents and the "
    "search lead to what there is.</p>",
}
DESCRIPTION = (
    "A book whose chapters run: the claims of a paper on FXYD3 and breast cancer stem cells, tested one by one."
)
MENDED = (
    (' role="doc-biblioentry"', ' role="listitem"'),  # the entries stand in a list
    (' aria-label="Toggle hidden content"', ""),  # the words beside it say what is hidden
    ("<th></th>", "<td></td>"),  # an empty header heads nothing
)
"""What stands in the text of pages, and what stands there instead."""

FOLDED = frozenset({"hide-input", "hide-cell", "remove-input", "remove-cell"})
UNUSED = ("scripts/fontawesome.js*", "vendor/fontawesome/webfonts/*", "scripts/*.map", "styles/*.map")
ICON_FONT = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}|(?:\.fa-[\w-]+:{1,2}before,?)+\{content:[^}]*\}")


def base_url() -> str:
    """Return the address the book will stand at, with a slash at its end, or nothing where it is not known.

    It comes from the environment variable ``FXYD3_BASEURL``. Only with it are there a sitemap, and absolute addresses
    in the tags that other sites read.

    Raises
    ------
    InputError
        When ``FXYD3_BASEURL`` is no address of a site.

    Examples
    --------
    >>> import os
    >>> os.environ["FXYD3_BASEURL"] = "https://example.org/book"
    >>> base_url()
    'https://example.org/book/'
    >>> del os.environ["FXYD3_BASEURL"]
    """
    given = os.environ.get("FXYD3_BASEURL", "").strip()
    parts = urlsplit(given)
    if given and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
        raise InputError(f"FXYD3_BASEURL is {given!r}; give the address of the book, such as https://example.org/book/")
    return f"{given.rstrip('/')}/" if given else ""


def setup(app: "Sphinx") -> None:
    """Register what this module does, and the extensions it sets up."""
    app.setup_extension("notfound.extension")
    app.setup_extension("sphinxext.opengraph")
    if base_url():
        app.setup_extension("sphinx_sitemap")
    app.connect("config-inited", configure, priority=100)
    app.connect("builder-inited", hurry)
    app.connect("env-before-read-docs", deal)
    app.connect("source-read", fold)
    app.connect("html-collect-pages", front_door)
    app.connect("html-page-context", tags, priority=900)
    app.connect("html-page-context", mend, priority=900)
    app.connect("build-finished", lighten)


def configure(app: "Sphinx", config: "Config") -> None:
    """Set what follows from the book's name and address."""
    url = base_url()
    config["templates_path"] = [str(TEMPLATES), *config.templates_path]
    config["html_theme_options"] = THEME | config.html_theme_options
    config["html_context"] = {"default_mode": "auto"} | config.html_context
    config["notfound_urls_prefix"] = urlsplit(url).path or "/"
    config["notfound_context"] = NOT_FOUND
    config["html_use_index"] = config["html_domain_indices"] = False
    config["project"] = config.html_title
    config["ogp_site_name"] = config.html_title
    config["ogp_social_cards"] = {"enable": False}
    if url:
        config["html_baseurl"] = config["ogp_site_url"] = url
        config["ogp_image"] = "_static/card.png"
        config["sitemap_url_scheme"] = "{link}"
        config["sitemap_locales"] = [None]
        config["sitemap_excludes"] = ["index.html", "search.html", "404.html"]


def hurry(app: "Sphinx") -> None:
    """Read and write pages on two processors, without looking for garbage: the trees of pages live to the end."""
    gc.disable()
    app.parallel = 2
    for extension in app.extensions.values():
        if extension.parallel_read_safe is None:
            extension.parallel_read_safe = True


def deal(app: "Sphinx", env: "BuildEnvironment", pages: list[str]) -> None:
    """Deal the pages out, so that those that take long are not all read by one process."""
    pages[:] = [page for start in range(3) for page in pages[start::3]]


def fold(app: "Sphinx", page: str, source: list[str]) -> None:
    """Fold the code of a notebook's cells: who reads sees the text and the figures, and opens the code at will."""
    if Path(app.env.doc2path(page)).suffix != ".ipynb":
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        tags = cell["metadata"].setdefault("tags", [])
        if cell["cell_type"] == "code" and not FOLDED.intersection(tags):
            tags.append("hide-input")
    source[0] = json.dumps(notebook)


def front_door(app: "Sphinx") -> Iterator[tuple[str, dict[str, Any], str]]:
    """Add the page that a visitor of the book's address gets: it leads to the first one."""
    if app.config.root_doc != "index":
        yield "index", {}, "redirect.html"


def tags(app: "Sphinx", page: str, template: str, context: dict[str, Any], doctree: "document | None") -> None:
    """Complete the tags of a page: a description on each; no address that is a guess."""
    found = context.get("metatags", "")
    if not base_url():
        found = re.sub(r'<meta property="og:(?:url|image[\w:]*)"[^>]*>\n?', "", found)
    if 'name="description"' not in found:
        found += f'<meta name="description" content="{DESCRIPTION}" />\n'
    context["metatags"] = found


def mend(app: "Sphinx", page: str, template: str, context: dict[str, Any], doctree: "document | None") -> None:
    """Put right in the text of a page what a screen reader trips over: roles and labels that do not fit."""
    body = context.get("body") or ""
    for wrong, right in MENDED:
        body = body.replace(wrong, right)
    context["body"] = body


def lighten(app: "Sphinx", failed: Exception | None) -> None:
    """Take out of the built book what no page asks for: the theme's icon font, its script and maps for developers."""
    if failed or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    if sheet.exists():
        sheet.write_text(ICON_FONT.sub("", sheet.read_text(encoding="utf-8")), encoding="utf-8")
