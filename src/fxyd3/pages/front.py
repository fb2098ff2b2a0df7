"""The front page's drawings, by code: the paper in one figure (a directive), and a picture for each of the three doors.

``python -m fxyd3.pages.front`` writes the pictures of the doors into ``_static/``.
"""

from html import escape
from math import cos, pi, sin, sqrt
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SIZE = (96, 72)
INK, MUTED, PAPER = "#25211c", "#6b6256", "#fffcf8"
CENTRES = ((24, 20), (26, 53), (49, 37), (73, 19), (74, 54))
"""Middles of the five groups of cells; the first two are the ancestral ones."""

PER_GROUP, ANCESTRAL, REST = 7, (0, 1), "#b9b2a6"
STEPS = (
    ("Sort", "Cells of a tumour are sorted on NRP1 or IGF1R.", ("C1",)),
    ("Read", "The genes of each cell are read, one cell at a time.", ()),
    ("Five groups", "By their genes, the cells fall into five groups.", ("C2",)),
    ("Ancestral", "Two groups look like progenitor cells of the breast. They carry FXYD3.", ("C3", "C5")),
    ("Chemotherapy", "Most cells die. The ancestral ones tolerate it best.", ("C4",)),
    ("Residual", "What is left after treatment is rich in FXYD3.", ("C8",)),
    ("Glycoside", "A drug that blocks the pump takes the tolerance away.", ("C6", "C7")),
)
SEEN = ("sort", "cells", "groups", "ancestral", "chemotherapy", "residual", "glycoside")
CAPTION = (
    "The paper in one figure, as its abstract and press release tell it. A drawing, no data. "
    "Each C leads to the section that tests that step, here in this book."
)


def setup(app: "Sphinx") -> None:
    """Register this part of the extension."""
    app.add_directive("paper-in-one-figure", PaperInOneFigure)


class PaperInOneFigure(Directive):  # type: ignore[misc]
    """The steps of the paper's story as a numbered list of pictures, with links to the claims."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        return [nodes.raw("", paper_in_one_figure(), format="html")]


def paper_in_one_figure() -> str:
    """Return the figure as HTML.

    Examples
    --------
    >>> from fxyd3.pages.front import paper_in_one_figure
    >>> paper_in_one_figure().count("<li>")
    7
    """
    from fxyd3.rerun import claim_links

    links = claim_links()
    items = []
    for number, (title, text, claims) in enumerate(STEPS):
        told = " ".join(f'<a href="{links[name]}">{name}</a>' for name in claims)
        tested = f'<span class="story-claims">{told}</span>' if told else ""
        words = f"<strong>{escape(title)}</strong><span>{escape(text)}</span>{tested}"
        items.append(f"<li>{picture(number)}<div>{words}</div></li>")
    return (
        f'<figure class="story" id="fig-paper"><ol>{"".join(items)}</ol>'
        f"<figcaption>{escape(CAPTION)}</figcaption></figure>"
    )


def picture(step: int) -> str:
    """Return the picture of a step as SVG: the same cells, seen at each step."""
    from fxyd3.plots import STATES

    name = SEEN[step]
    shapes: list[str] = []
    if name == "sort":
        shapes += [_antibody(x, y) for x, y in ((18, 15), (18, 36), (18, 57))]
        shapes += [_cell(x, y, REST) + _ring(x, y, 7, "currentColor") for x, y in ((35, 15), (35, 36), (35, 57))]
        shapes += [_line((48, 36), (62, 36), "currentColor", arrow=True)]
        shapes += [_cell(78 + 7 * cos(a), 36 + 12 * sin(2 * a) + 9 * sin(a), REST) for a in (0.4, 1.7, 2.9, 4.1, 5.3)]
        return _svg(shapes)
    if name == "cells":
        for i, (left, top) in enumerate((left, top) for top in (14, 36, 58) for left in (12, 44, 76)):
            shapes.append(_cell(left, top, REST))
            shapes += [_bar(left + 7 + 4 * k, top, 2 + (i * 5 + k * 7 + i * k) % 9) for k in range(3)]
        return _svg(shapes)
    for group, colour in enumerate(STATES):
        ours = group in ANCESTRAL
        for i, (x, y) in enumerate(_places(group)):
            lives = {"chemotherapy": ours or i == 3, "residual": ours, "glycoside": False}.get(name, True)
            faded = name == "ancestral" and not ours
            shapes.append(_cell(x, y, colour, alive=lives, faded=faded))
        if ours and name != "groups":
            x, y = CENTRES[group]
            shapes.append(_ring(x, y, 16, "currentColor"))
            shapes.append(_fxyd3(x + 15, y - 8, blocked=name == "glycoside"))
    return _svg(shapes)


def doors() -> dict[str, str]:
    """Return the pictures of the three doors as SVG files, by name.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> from fxyd3.pages.front import doors
    >>> sorted(doors())
    ['door-read.svg', 'door-rerun.svg', 'door-teach.svg']
    """
    from fxyd3.plots import PALETTE, STATES

    ink = "#3a332c"
    read = [_cell(x + 48, y, colour, alive=True) for group, colour in enumerate(STATES) for x, y in _places(group)] + [
        _ring(CENTRES[g][0] + 48, CENTRES[g][1], 16, ink) for g in ANCESTRAL
    ]
    rerun = [_line((104, 6), (104, 66), REST, dash=True)]
    for y, low, middle, high, colour in ((14, 112, 130, 148, 2), (36, 84, 106, 128, 1), (58, 58, 76, 94, 5)):
        rerun += [_line((low, y), (high, y), PALETTE[colour], width=2.6), _cell(middle, y, PALETTE[colour], radius=5)]
    curves = {0: (2.6, 0.0), 5: (0.35, 0.0), 2: (2.6, 0.22)}
    teach = [_line((52, 8), (52, 64), ink), _line((52, 64), (148, 64), ink)]
    for colour, (rate, left) in curves.items():
        points = [(t, (1 - left) * 2.718281828 ** (-rate * t) + left * 2.718281828 ** (-0.2 * t)) for t in _steps(2)]
        path = " ".join(f"{52 + 45 * t:.1f},{62 - 50 * share:.1f}" for t, share in points)
        teach.append(f'<polyline points="{path}" fill="none" stroke="{PALETTE[colour]}" stroke-width="2.6"/>')
    named = {"read": read, "rerun": rerun, "teach": teach}
    return {f"door-{name}.svg": _svg(shapes, width=192) + "\n" for name, shapes in named.items()}


def _steps(end: float) -> list[float]:
    return [end * i / 40 for i in range(41)]


def _places(group: int) -> list[tuple[float, float]]:
    x, y = CENTRES[group]
    spiral = [(1.1 + i * pi * (3 - sqrt(5)), 12.2 * sqrt((i + 0.4) / PER_GROUP)) for i in range(PER_GROUP)]
    return [(x + radius * cos(angle + group), y + radius * sin(angle + group)) for angle, radius in spiral]


def _cell(x: float, y: float, colour: str, *, alive: bool = True, faded: bool = False, radius: float = 3.4) -> str:
    if not alive:
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius - 0.4:g}" fill="none" stroke="{REST}" stroke-width="0.8"/>'
        )
    paint = ' opacity="0.3"' if faded else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"{paint}/>'


def _ring(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="none" stroke="{colour}" stroke-width="1.3"/>'


def _bar(x: float, y: float, height: float) -> str:
    return f'<rect x="{x:g}" y="{y + 4 - height:g}" width="2.6" height="{height:g}" fill="currentColor"/>'


def _fxyd3(x: float, y: float, *, blocked: bool) -> str:
    from fxyd3.plots import PALETTE

    pump = f'<rect x="{x - 6:g}" y="{y - 3:g}" width="12" height="6" rx="3" fill="{PALETTE[5]}"/>'
    cross = f'<path d="M{x - 5:g} {y - 6:g}l10 12m0-12l-10 12" stroke="currentColor" stroke-width="1.8" fill="none"/>'
    return pump + (cross if blocked else "")


def _antibody(x: float, y: float) -> str:
    return (
        f'<path d="M{x - 9:g} {y:g}h7l6-4.5m-6 4.5l6 4.5" stroke="currentColor" stroke-width="1.8" fill="none" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _line(
    start: tuple[float, float], end: tuple[float, float], colour: str, *, width: float = 1.6, arrow: bool = False,
    dash: bool = False,
) -> str:  # fmt: skip
    head = f"M{end[0] - 5:g} {end[1] - 4:g}l5 4l-5 4" if arrow else ""
    dashed = ' stroke-dasharray="3 3"' if dash else ""
    return (
        f'<path d="M{start[0]:g} {start[1]:g}L{end[0]:g} {end[1]:g}{head}" stroke="{colour}" stroke-width="{width:g}" '
        f'fill="none" stroke-linecap="round"{dashed}/>'
    )


def _svg(shapes: list[str], *, width: float = SIZE[0]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {SIZE[1]}" aria-hidden="true">'
        f"{''.join(shapes)}</svg>"
    )


def card(logo: str) -> bytes:
    """Return the picture that goes with a link to the book where links are shown with one: PNG, 1200 by 630.

    Parameters
    ----------
    logo
        The logo as SVG.

    Examples
    --------
    >>> from fxyd3.pages.front import card
    >>> card('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"/>')[1:4]
    b'PNG'
    """
    import vl_convert

    lines = (
        (402, 240, 56, "bold", INK, "The FXYD3 companion"),
        (404, 330, 36, "normal", INK, "Nine claims about breast cancer cells"),
        (404, 380, 36, "normal", INK, "that survive chemotherapy, tested"),
        (404, 430, 36, "normal", INK, "one by one. A book that runs."),
        (404, 520, 28, "normal", MUTED, "Companion to Li et al. 2023. Not medical advice."),
    )
    words = "".join(
        f'<text x="{x}" y="{y}" font-family="DejaVu Sans" font-size="{size}" font-weight="{weight}" fill="{colour}">'
        f"{text}</text>"
        for x, y, size, weight, colour, text in lines
    )
    placed = logo.replace("<svg ", '<svg x="50" y="145" width="320" height="320" ', 1)
    return vl_convert.svg_to_png(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630"><rect width="1200" height="630" '
        f'fill="{PAPER}"/>{placed}{words}</svg>'
    )


def main() -> None:
    """Write the pictures of the doors, and of links to the book, into the book's ``_static/``."""
    from fxyd3.paths import book_root

    static = book_root() / "_static"
    for name, drawing in doors().items():
        (static / name).write_text(drawing, encoding="utf-8")
    (static / "card.png").write_bytes(card((static / "logo.svg").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
