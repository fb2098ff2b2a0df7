"""Figures as files: what a page shows, as a picture that can be enlarged, and the numbers that were drawn."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from fxyd3.files import replacing

if TYPE_CHECKING:
    import pandas as pd

MANY = 2_000  # points; beyond, a vector drawing holds them as one picture
NAMED = (FixedFormatter, FuncFormatter)
COLUMNS = ("panel", "x_label", "y_label", "kind", "series", "x", "y", "x_name", "y_name", "value")


def keep_figures(folder: Path | str | None) -> None:
    """Show figures of this notebook as small pictures, and keep each as SVG and its numbers as CSV.

    A picture has 256 colours: a third of the size, and no difference to the eye. The files are named after the sha256
    of the picture, so that a page finds them: ``<sha256>.svg`` and ``<sha256>.csv``; a drawing without numbers has no
    CSV.

    Parameters
    ----------
    folder
        Where the files go, made when there is a figure; None: no files.

    When not to use
    ---------------
    Outside a notebook: it does nothing there. Call ``figure.savefig`` and ``fxyd3.rerun.figures.figure_data``.

    Examples
    --------
    In the first cell of a notebook; elsewhere, as here, it does nothing:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.plots import kinds_of_survival
    >>> from fxyd3.rerun import keep_figures
    >>> with TemporaryDirectory() as folder:
    ...     keep_figures(folder)
    ...     _ = kinds_of_survival(label="Arithmetic, no data")
    ...     print(len(list(Path(folder).iterdir())))
    0
    """
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return
    import matplotlib_inline.backend_inline  # noqa: F401 -- sets a formatter of its own, now or when this cell ends

    plt.uninstall_repl_displayhook()  # which draws every figure once for nothing: it is drawn when it is shown

    def show(figure: Figure) -> bytes:
        picture = _small_png(figure)
        if folder is not None:
            _write(figure, Path(folder) / hashlib.sha256(picture).hexdigest())
        return picture

    def replace(*_: object) -> None:
        shell.display_formatter.formatters["image/png"].for_type(Figure, show)
        shell.events.unregister("post_run_cell", replace)

    shell.events.register("post_run_cell", replace)


def _small_png(figure: Figure) -> bytes:
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.draw_without_rendering()  # a layout settles the second time
    figure.savefig(drawn, format="png", bbox_inches="tight", facecolor="white")
    figure.set_layout_engine("none")  # as laid out now, for the vector drawing and the numbers too
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()


def _write(figure: Figure, stem: Path) -> None:
    with (
        plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fxyd3"}),
        _many_points_as_pictures(figure),
        replacing(stem.with_suffix(".svg")) as partial,
    ):
        figure.savefig(partial, format="svg", bbox_inches="tight", facecolor="white", dpi=150, metadata={"Date": None})
    if len(numbers := _numbers(figure)):
        with replacing(stem.with_suffix(".csv")) as partial:
            numbers.to_csv(partial, index=False, float_format="%.6g")


@contextmanager
def _many_points_as_pictures(figure: Figure) -> Iterator[None]:
    many = [c for c in figure.findobj(Collection) if len(np.asarray(c.get_offsets())) > MANY and not c.get_rasterized()]
    for collection in many:
        collection.set_rasterized(True)
    yield
    for collection in many:
        collection.set_rasterized(False)


def figure_data(figure: Figure) -> "pd.DataFrame":
    """Return the numbers that a figure shows, as they were drawn: one row for each point, bar or field.

    Parameters
    ----------
    figure
        A figure of this package, or any of matplotlib's.

    Returns
    -------
    DataFrame
        ``panel`` (title of the axes, or its number), ``x_label``, ``y_label``, ``kind`` (line, points, segments,
        area, bars, image, text), ``series`` (name in the legend; of a text, its words), ``x``, ``y``, ``x_name`` and
        ``y_name`` (where an axis has names for numbers), ``value`` (colour by number, length of a bar, height of a
        field). Lines that span the axes, as those at no effect, are left out; so are columns without any value.

    When not to use
    ---------------
    To compute with: it holds what was drawn, not what it was made from. The stages and tables of a run hold that.
    """
    figure.draw_without_rendering()
    return _numbers(figure)


def _numbers(figure: Figure) -> "pd.DataFrame":
    import pandas as pd

    rows = [row for i, axes in enumerate(figure.axes, start=1) for row in _axes_rows(axes, i)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).dropna(axis=1, how="all")


def _axes_rows(axes: Axes, number: int) -> Iterator[dict[str, Any]]:
    title = next((t for side in ("left", "center", "right") if (t := axes.get_title(loc=side))), "")
    about = {"panel": title or str(number), "x_label": axes.get_xlabel(), "y_label": axes.get_ylabel()}
    names = {"x_name": _names(axes.xaxis), "y_name": _names(axes.yaxis)}
    for kind, series, x, y, value in _artists(axes):
        for i in range(len(x)):
            told = {"x_name": names["x_name"].get(_whole(x[i])), "y_name": names["y_name"].get(_whole(y[i]))}
            yield {**about, "kind": kind, "series": series, "x": x[i], "y": y[i], **told,
                   "value": None if value is None else value[i]}  # fmt: skip


def _whole(value: float) -> int | None:
    return round(value) if np.isfinite(value) and abs(value - round(value)) < 0.45 else None


def _names(axis: Any) -> dict[int | None, str]:
    if not (isinstance(axis.get_major_locator(), FixedLocator) and isinstance(axis.get_major_formatter(), NAMED)):
        return {}
    told = ((label.get_position(), label.get_text()) for label in axis.get_majorticklabels())
    which = 0 if axis.axis_name == "x" else 1
    return {_whole(float(at[which])): text.replace("\n", " ") for at, text in told if text}


def _artists(axes: Axes) -> Iterator[tuple[str, str, Any, Any, Any]]:
    for line in axes.lines:
        if line.get_transform() == axes.transData:
            yield "line", _series(line), *_floats(*line.get_data(orig=False)), None
    for collection in axes.collections:
        if isinstance(collection, QuadMesh):
            yield _mesh(collection)
        elif isinstance(collection, PathCollection):
            points = np.ma.getdata(collection.get_offsets()).astype(float)
            values = collection.get_array()
            value = None if values is None or np.size(values) != len(points) else np.ravel(values)
            yield "points", _series(collection), points[:, 0], points[:, 1], value
        elif collection.get_transform() == axes.transData:
            kind = "segments" if isinstance(collection, LineCollection) else "area"
            for path in collection.get_paths():
                yield kind, _series(collection), *np.asarray(path.vertices).T, None
    for box in axes.containers:
        if isinstance(box, BarContainer):
            for bar in box.patches:
                middle = bar.get_bbox()
                length = middle.width if box.orientation == "horizontal" else middle.height
                x, y = (middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2
                yield "bars", _series(box), [x], [y], [length]
    for image in axes.images:
        yield from _image(image)
    for words in axes.texts:
        if words.get_transform() == axes.transData and words.get_text():
            x, y = words.get_position()
            yield "text", words.get_text().replace("\n", " "), *_floats([x], [y]), None


def _mesh(mesh: QuadMesh) -> tuple[str, str, Any, Any, Any]:
    at = np.asarray(mesh.get_coordinates())
    values: Any = np.ma.filled(np.ma.asarray(mesh.get_array(), dtype=float), np.nan)
    if values.size != at[..., 0].size:
        at = (at[1:, 1:] + at[1:, :-1] + at[:-1, 1:] + at[:-1, :-1]) / 4
    return "image", _series(mesh), at[..., 0].ravel(), at[..., 1].ravel(), values.ravel()


def _image(image: AxesImage) -> Iterator[tuple[str, str, Any, Any, Any]]:
    field = np.asarray(image.get_array())
    if field.ndim == 2:
        y, x = np.indices(field.shape)
        yield "image", _series(image), x.ravel(), y.ravel(), field.ravel()


def _floats(x: Any, y: Any) -> tuple[Any, Any]:
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def _series(artist: Any) -> str:
    name = str(artist.get_label())
    return "" if name.startswith("_") else name
