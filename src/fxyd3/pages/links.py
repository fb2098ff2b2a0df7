"""Where the types in the reference lead: to its own pages, or to the documentation of the project they come from.

The address of a documented name follows from the name, so no list of addresses is fetched when the book is built.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils.nodes import Element, TextElement
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

SHORT = {
    "AnnData": "anndata.AnnData",
    "ArrayLike": "numpy.typing.ArrayLike",
    "Any": "typing.Any",
    "Axes": "matplotlib.axes.Axes",
    "Callable": "collections.abc.Callable",
    "DataFrame": "pandas.DataFrame",
    "Figure": "matplotlib.figure.Figure",
    "Generator": "numpy.random.Generator",
    "Index": "pandas.Index",
    "Iterable": "collections.abc.Iterable",
    "Mapping": "collections.abc.Mapping",
    "NDArray": "numpy.typing.NDArray",
    "Path": "pathlib.Path",
    "Sequence": "collections.abc.Sequence",
    "Series": "pandas.Series",
    "ndarray": "numpy.ndarray",
}
ALIASES = {"np": "numpy", "pd": "pandas"}
PYTHON = "https://docs.python.org/3/library"
ADDRESSES = {
    "anndata": "https://anndata.readthedocs.io/en/stable/generated/{name}.html#{name}",
    "collections.abc": f"{PYTHON}/collections.abc.html#{{name}}",
    "matplotlib": "https://matplotlib.org/stable/api/_as_gen/{name}.html#{name}",
    "numpy": "https://numpy.org/doc/stable/reference/arrays.scalars.html#{name}",
    "numpy.dtype": "https://numpy.org/doc/stable/reference/generated/{name}.html#{name}",
    "numpy.ndarray": "https://numpy.org/doc/stable/reference/generated/{name}.html#{name}",
    "numpy.random": "https://numpy.org/doc/stable/reference/random/generator.html#{name}",
    "numpy.typing": "https://numpy.org/doc/stable/reference/typing.html#{name}",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{name}.html#{name}",
    "pathlib": f"{PYTHON}/pathlib.html#{{name}}",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{name}.html#{name}",
    "typing": f"{PYTHON}/typing.html#{{name}}",
}


@cache
def public() -> dict[str, list[str]]:
    """Return the full public names that end in a name, by that name."""
    from fxyd3.pages.reference import BESIDE, ERROR, PACKAGES, homes

    names = [f"fxyd3.{package}.{name}" for package in PACKAGES for name in homes(f"fxyd3.{package}")]
    found: dict[str, list[str]] = {}
    for name in (*names, *(name for beside in BESIDE.values() for name in beside), ERROR):
        found.setdefault(name.rpartition(".")[2], []).append(name)
    return found


def words() -> list[str]:
    """Return the words for types in docstrings that become links."""
    return [*SHORT, *(name for name in public() if not name.isupper() and name[0].isupper())]


def address(name: str) -> str:
    """Return where a name of Python or of another project is documented; empty where that is not known.

    Types are known by the names they are imported under, wherever their project defines them.

    Examples
    --------
    >>> address("pathlib.Path")
    'https://docs.python.org/3/library/pathlib.html#pathlib.Path'
    >>> address("pandas.core.frame.DataFrame")
    'https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html#pandas.DataFrame'
    >>> address("fxyd3.nowhere")
    ''
    """
    project, dot, rest = name.partition(".")
    name = ALIASES.get(project, project) + dot + rest
    known = SHORT.get(name.rpartition(".")[2], "")
    if not dot or known.partition(".")[0] == name.partition(".")[0]:
        name = known
    parts = name.split(".")
    nearest = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((ADDRESSES[parent].format(name=name) for parent in nearest if parent in ADDRESSES), "")


def resolve(app: "Sphinx", env: "BuildEnvironment", node: "Element", text: "TextElement") -> "Element | None":
    """Return the link for a name that Sphinx could not find where it looked; None where it is unknown here too.

    Python's own small types (``int``, ``str``, ``dict``) are left to Sphinx, which lets them stand without a link: as
    links they would be half the weight of a page.
    """
    from docutils.nodes import reference

    if node.get("refdomain") != "py":
        return None
    target = str(node["reftarget"])
    found = public().get(target.rpartition(".")[2], [])
    same = [full for full in found if full.startswith(str(node.get("py:module", "")))] or found
    if len(same) == 1 and (target.startswith("fxyd3.") or "." not in target):
        domain: Any = env.get_domain("py")
        return domain.resolve_xref(env, str(node["refdoc"]), app.builder, "obj", same[0], node, text)
    if where := address(target):
        return reference("", "", text, internal=False, refuri=where)
    return None
