"""Links under each figure: the drawing as SVG and PNG, and its numbers as CSV."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HASHED = re.compile(r"^[0-9a-f]{64}$")
FOLDER = "_figures"
KEPT = "figures"
"""Folder beside the page, or in the root of the sources, that :func:`fxyd3.rerun.keep_figures` wrote."""


def setup(app: "Sphinx") -> None:
    """Register this part of the extension."""
    app.connect("doctree-resolved", link_files)


def link_files(app: "Sphinx", doctree: nodes.document, page: str) -> None:
    """Put links below each figure whose files were kept under the hash of its picture, and copy them to the pages."""
    if app.builder.format != "html":
        return
    up = "../" * page.count("/")
    for figure in doctree.findall(nodes.figure):
        image = next(iter(figure.findall(nodes.image)), None)
        if image is None or not HASHED.match(Path(image["uri"]).stem):
            continue
        stem = Path(image["uri"]).stem
        name = next((i for i in figure["ids"]), stem[:12])
        files = {kind: kept for kind in ("svg", "csv") if (kept := _kept(app, page, f"{stem}.{kind}"))}
        for kind, kept in files.items():
            target = Path(app.outdir, FOLDER, f"{stem}.{kind}")
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(kept, target)
        if files:
            links = {kind: f"{up}{FOLDER}/{stem}.{kind}" for kind in files}
            links |= {"png": f"{up}{app.builder.imagedir}/{Path(image['uri']).name}"}
            caption = next((c for c in figure.findall(nodes.caption)), None)
            figure.append(_links(links, name, caption.astext() if caption else ""))


def _kept(app: "Sphinx", page: str, name: str) -> Path | None:
    near = (Path(app.srcdir, page).parent / KEPT / name, Path(app.srcdir, KEPT, name))
    return next((path for path in near if path.is_file()), None)


def _links(links: dict[str, str], name: str, caption: str) -> nodes.raw:
    what = {"svg": "drawing", "png": "picture", "csv": "numbers"}
    about = re.sub(r"[\"<>&]", "", caption).split(".")[0]
    each = (
        f'<a href="{links[kind]}" download="{name}.{kind}" aria-label="{kind.upper()}, {told} of the figure: {about}">'
        f"{kind.upper()}</a>"
        for kind, told in what.items()
        if kind in links
    )
    return nodes.raw("", f'<p class="figure-files">{" · ".join(each)}</p>', format="html")
