"""Interactive figures: the scripts that draw them, made when the book is built, and only on pages that hold one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

MARK = 'class="explorer"'
BUNDLE, DRAW = "vega-bundle.js", "explorers.js"
"""Vega, Vega-Lite and Vega-Embed in one file, and what draws the charts of a page with it."""

ALL = "window.vegaEmbed = vegaEmbed;"
SCRIPT = """\
// The frame of a brush is a shape without words: it is hidden from those who listen.
const quiet = spec => {
  for (const mark of spec.marks ?? []) {
    if (/_brush(_bg)?$/.test(mark.name)) mark.aria = false;
    quiet(mark);
  }
  return spec;
};
document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".explorer")) {
    const spec = JSON.parse(place.querySelector("script").textContent);
    const chart = place.querySelector(".explorer-chart");
    if (spec.columns) spec.columns = chart.clientWidth > 680 ? 2 : 1;
    vegaEmbed(chart, spec, {actions: false, renderer: "svg", tooltip: false, patch: quiet}).then(drawn => {
      place.view = drawn.view;
      place.classList.add("drawn");
    });
  }
});
"""


def setup(app: "Sphinx") -> None:
    """Register this part of the extension."""
    app.connect("html-page-context", scripts)
    app.connect("build-finished", bundle)


def scripts(app: "Sphinx", page: str, template: str, context: dict[str, Any], doctree: "document | None") -> None:
    """Ask for the scripts on a page that holds an interactive figure."""
    if MARK in (context.get("body") or ""):
        app.add_js_file(BUNDLE, defer="defer")
        app.add_js_file(DRAW, defer="defer")


def bundle(app: "Sphinx", failed: Exception | None) -> None:
    """Write the scripts into the built book, if any page asks for them."""
    if failed or app.builder.format != "html":
        return
    pages = Path(app.outdir, "chapters").rglob("*.html")
    if not any(MARK in path.read_text(encoding="utf-8") for path in pages):
        return
    import altair
    import vl_convert

    static = Path(app.outdir) / "_static"
    version = altair.SCHEMA_VERSION.rpartition(".")[0]  # such as v6.4
    code = vl_convert.javascript_bundle(ALL, version)
    (static / BUNDLE).write_text(f"(() => {{{code}\n}})();\n", encoding="utf-8")  # its names kept to itself
    (static / DRAW).write_text(SCRIPT, encoding="utf-8")
