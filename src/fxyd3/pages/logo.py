"""The logo, drawn by code: five groups of cells, two of them ringed, within a membrane that carries FXYD3.

``python -m fxyd3.pages.logo`` writes the files into ``_static/``.
"""

from math import cos, radians, sin

INK, INK_DARK = "#3a332c", "#efe8dc"
MIDDLE, MEMBRANE = 32.0, 25.0
"""Centre of the square of 64 (both ways), and radius of the membrane."""

GROUPS = ((-90, 4), (-18, 1), (54, 3), (126, 2), (198, 0))
"""Place on the inner circle (degrees, clockwise from the right) and colour in the palette of each group of cells."""

ANCESTRAL = (3, 4)
"""Which of the groups are ringed."""

FXYD3, FXYD3_COLOUR = 16, 5
"""Place of FXYD3 on the membrane (degrees), and its colour in the palette."""


def on_circle(degrees: float, radius: float) -> tuple[float, float]:
    """Return a point on a circle around the middle (x to the right, y down)."""
    return MIDDLE + radius * cos(radians(degrees)), MIDDLE + radius * sin(radians(degrees))


def logo(ink: str) -> str:
    """Return the logo as SVG.

    Parameters
    ----------
    ink
        Colour of the membrane and the rings: dark on a light page, light on a dark one.

    Examples
    --------
    >>> logo("#000000").count("<circle")
    8
    """
    from fxyd3.plots import PALETTE

    shapes = [circle((MIDDLE, MIDDLE), MEMBRANE, ink, width=3)]
    shapes.append(capsule(FXYD3, (14, 7), PALETTE[FXYD3_COLOUR]))
    for place, (degrees, colour) in enumerate(GROUPS):
        centre = on_circle(degrees, 13)
        shapes.append(circle(centre, 4.2, PALETTE[colour]))
        if place in ANCESTRAL:
            shapes.append(circle(centre, 7, ink, width=1.6))
    return svg(shapes)


def favicon() -> str:
    """Return the logo for a square of 16 pixels: one ringed group, the membrane and FXYD3, on a light ground."""
    from fxyd3.plots import PALETTE

    return svg(
        [
            circle((MIDDLE, MIDDLE), 32, INK_DARK),
            circle((MIDDLE, MIDDLE), MEMBRANE, INK, width=5.5),
            capsule(FXYD3, (15, 11), PALETTE[FXYD3_COLOUR]),
            circle((28, 31), 7.5, PALETTE[0]),
            circle((28, 31), 13, INK, width=3.5),
        ]
    )


def circle(centre: tuple[float, float], radius: float, colour: str, *, width: float = 0) -> str:
    """Return a disc as SVG, or with a ``width`` a ring."""
    paint = f'fill="none" stroke="{colour}" stroke-width="{width:g}"' if width else f'fill="{colour}"'
    return f'<circle cx="{centre[0]:.4g}" cy="{centre[1]:.4g}" r="{radius:g}" {paint}/>'


def capsule(degrees: float, size: tuple[float, float], colour: str) -> str:
    """Return a capsule that crosses the membrane, as SVG: its length and width."""
    (x, y), (length, width) = on_circle(degrees, MEMBRANE), size
    return (
        f'<rect x="{x - length / 2:.4g}" y="{y - width / 2:.4g}" width="{length:g}" height="{width:g}" '
        f'rx="{width / 2:g}" fill="{colour}" transform="rotate({degrees:g} {x:.4g} {y:.4g})"/>'
    )


def svg(shapes: list[str]) -> str:
    """Return shapes as an SVG file with a square of 64."""
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">', *shapes, "</svg>", ""])


def files() -> dict[str, str]:
    """Return the files of the logo, by name."""
    return {"logo.svg": logo(INK), "logo-dark.svg": logo(INK_DARK), "favicon.svg": favicon()}


def main() -> None:
    """Write the files into the book's ``_static/``."""
    from fxyd3.paths import book_root

    for name, text in files().items():
        (book_root() / "_static" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
