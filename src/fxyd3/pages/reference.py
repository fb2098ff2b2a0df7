"""The reference: the public names of each package, the command line and the data, written when the book is built."""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

FOLDER = "chapters/reference"
PACKAGES = (
    "background",
    "enrichment",
    "cells",
    "tolerance",
    "rescue",
    "claims",
    "data",
    "data.simulate",
    "plots",
    "rerun",
)
BESIDE = {
    "fxyd3.claims": ("fxyd3.claims.evidence.Found",),
    "fxyd3.data": ("fxyd3.data.assays.AssayTable", "fxyd3.data.catalogue.Entry"),
    "fxyd3.data.simulate": ("fxyd3.data.simulate.design.Options", "fxyd3.data.simulate.flow.Sort"),
    "fxyd3.rerun": (
        "fxyd3.rerun.chapters.Chapter",
        "fxyd3.rerun.parameters.RunParameters",
        "fxyd3.rerun.parameters.StudyParameters",
        "fxyd3.rerun.workflow.Outcome",
    ),
    "fxyd3.rescue": ("fxyd3.rescue._hill.Estimate", "fxyd3.rescue._quality.HasWells"),
}
"""Types that public functions give or take, and that a package does not export."""

ERROR = "fxyd3.errors.InputError"
KINDS = {"function": "Functions", "class": "Classes", "data": "Constants"}
MEMBERS = ("   :members:", "   :exclude-members: model_config")
WRAPPED = re.compile(r'<span class="(?:pre|n|p|w|o)">([^<]*)</span>')
SIGNATURE = re.compile(r'(?s)<dl>\s*(<dd><em class="sig-param">.*?)</dl>')
SETTINGS: dict[str, Any] = {
    "autodoc_member_order": "bysource",
    "autodoc_typehints": "signature",
    "default_role": "code",
    "maximum_signature_line_length": 72,
    "numpydoc_show_class_members": False,
    "numpydoc_xref_param_type": True,
    "numpydoc_xref_ignore": "all",
    "python_use_unqualified_type_names": True,
    "toc_object_entries_show_parents": "hide",
}


def setup(app: "Sphinx") -> None:
    """Register what this module does, and the extensions it sets up."""
    from numpydoc.numpydoc import mangle_signature  # type: ignore[import-untyped]

    from fxyd3.pages import docstrings, links

    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("numpydoc")
    for listener in app.events.listeners["autodoc-process-signature"]:
        if listener.handler is mangle_signature:  # it reads each docstring again to find none
            app.disconnect(listener.id)
    app.connect("config-inited", configure, priority=900)
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", docstrings.prepare, priority=400)
    app.connect("autodoc-process-docstring", docstrings.put_back, priority=600)
    app.connect("autodoc-process-signature", docstrings.signature)
    app.connect("missing-reference", links.resolve)
    app.connect("html-page-context", lighten)


def configure(app: "Sphinx", config: "Config") -> None:
    """Set how the reference looks; words for types in docstrings become links where they are known."""
    from fxyd3.pages import links

    for name, value in SETTINGS.items():
        config[name] = value
    config.numpydoc_xref_aliases_complete = {name: f":obj:`{name}`" for name in links.words()}


def pages() -> dict[str, Callable[[], str]]:
    """Return what writes each page of the reference, by the page's name."""
    from fxyd3.pages import commands, tables

    packages = {f"{FOLDER}/api/{package}": partial(api, f"fxyd3.{package}") for package in PACKAGES}
    return {f"{FOLDER}/api": overview, **packages, f"{FOLDER}/cli": commands.page, f"{FOLDER}/data": tables.page}


def fill(app: "Sphinx", page: str, source: list[str]) -> None:
    """Write a page of the reference below what stands in its file: its title, and what people should know first."""
    if page in pages():
        for module in modules():
            read_annotations(module)
        source[0] += f"\n{pages()[page]()}"


def lighten(app: "Sphinx", page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Take the wrapper off plain words, signs and spaces in code: they have no colour and half the weight.

    The lines of a signature are lines, no list of descriptions without anything described.
    """
    if page in pages():
        body = SIGNATURE.sub(lined, context["body"])
        for _ in range(2):  # one lies within the other
            body = WRAPPED.sub(r"\1", body)
        context["body"] = body


def lined(found: re.Match[str]) -> str:
    """Return the parameters of a signature, one a line."""
    return found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")


def modules() -> list[str]:
    """Return the modules that public names live in."""
    beside = {name.rpartition(".")[0] for names in BESIDE.values() for name in names}
    return sorted(beside | {home for package in PACKAGES for home in homes(f"fxyd3.{package}").values()})


@cache
def read_annotations(name: str) -> None:
    """Import what a module imports for the type checker alone, so that its annotations say which types they mean."""
    module = import_module(name)
    for block in ast.parse(inspect.getsource(module)).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for line in block.body:
                for each in line.names if isinstance(line, ast.Import | ast.ImportFrom) else []:
                    where = import_module(line.module or "" if isinstance(line, ast.ImportFrom) else each.name)
                    thing = getattr(where, each.name) if isinstance(line, ast.ImportFrom) else where
                    setattr(module, each.asname or each.name, thing)


@cache
def homes(package: str) -> dict[str, str]:
    """Return the public names of a package and the module each lives in, as the package imports them.

    Nothing is imported but the package itself, so that one that loads its modules late stays as it is.
    """
    module = import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    found = {name.asname or name.name: str(node.module) for node in imports for name in node.names}
    return {name: home for name, home in found.items() if name in module.__all__}


def kind(thing: object) -> str:
    """Return ``"class"``, ``"function"`` or ``"data"``."""
    return "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"


def told(package: str, name: str) -> str:
    """Return what is said of a public name: its docstring, or the text below a constant."""
    from sphinx.pycode import ModuleAnalyzer

    thing = getattr(import_module(package), name)
    if kind(thing) != "data":
        return inspect.getdoc(thing) or ""
    found = ModuleAnalyzer.for_module(homes(package)[name]).find_attr_docs().get(("", name), [])
    value = getattr(thing, "name", None) or (list(thing) if isinstance(thing, Mapping) else thing)
    return "\n".join(found).strip() or f"``{value}``"


def overview() -> str:
    """Return the page that leads to the packages, in MyST."""
    rows = [f"* - {{doc}}`fxyd3.{package} <api/{package}>`\n  - {about(f'fxyd3.{package}')}" for package in PACKAGES]
    table = "\n".join(["```{list-table}", ":header-rows: 1", ":widths: 30 70", "", "* - Package", "  - What it is for"])
    error = rst(f".. autoexception:: {ERROR}", "")
    return "\n".join([table, *rows, "```", "", "## The one error that readers see", "", error, ""])


def about(module: str) -> str:
    """Return the first line of what a module says of itself."""
    return (import_module(module).__doc__ or "").partition("\n")[0]


def api(package: str) -> str:
    """Return the page of a package, in MyST.

    All public names at a glance, by kind; then each in full, below the question that its module answers.
    """
    names = homes(package)
    parts = [rst(f".. py:module:: {package}", "", import_module(package).__doc__ or ""), "## At a glance"]
    kinds = {name: kind(getattr(import_module(package), name)) for name in names}
    for each, title in KINDS.items():
        rows = sorted(name for name in names if kinds[name] == each)
        if rows:
            parts.append(rst(*at_a_glance(package, rows, title)))
    for home, group in groupby(names, key=names.__getitem__):
        question = about(home).split(": ``python")[0].rstrip(".")
        inside = sorted(group, key=lambda name: (kinds[name] != "function", kinds[name] != "class"))
        parts += [f"## {question}", rst(*(line for name in inside for line in entry(package, name, kinds[name])))]
    if package in BESIDE:
        lines = [line for full in BESIDE[package] for line in (f".. autoclass:: {full}", *MEMBERS, "")]
        parts += ["## Types that these give and take", rst(*lines)]
    return "\n\n".join(parts) + "\n"


def rst(*lines: str) -> str:
    """Return lines of reStructuredText as a block in MyST."""
    return "\n".join(["````{eval-rst}", *lines, "````"])


def at_a_glance(package: str, names: list[str], title: str) -> list[str]:
    """Return a table of names, each with the first sentence that is said of it."""
    lines = [f".. rubric:: {title}", "", ".. list-table::", "   :header-rows: 1", "   :widths: 30 70", ""]
    lines += ["   * - Name", "     - What it is"]
    for name in names:
        first = " ".join(told(package, name).partition("\n\n")[0].split())
        lines += [f"   * - :py:obj:`{name} <{package}.{name}>`", f"     - {first}"]
    return lines


def entry(package: str, name: str, kind: str) -> list[str]:
    """Return the directive that writes a name in full."""
    full = f"{package}.{name}"
    if kind == "data":
        lines = [f"   {line}" for line in told(package, name).splitlines()]
        return [f".. py:data:: {name}", f"   :module: {package}", "", *lines, ""]
    return [f".. auto{kind}:: {full}", *(MEMBERS if kind == "class" else []), ""]
