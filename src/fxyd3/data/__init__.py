"""Data: readers for every usual format, the input contract, the twin and the catalogue.

Everything is imported when it is first used, because anndata and pandas take seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fxyd3.data.catalogue import entries, get, locate, verify
    from fxyd3.data.contract import prepare
    from fxyd3.data.files import read
    from fxyd3.data.report import Finding, Report
    from fxyd3.data.signatures import gene_set, gene_sets, lists_with
    from fxyd3.data.simulate import twin
    from fxyd3.data.sources import examine, fingerprint, load

__all__ = [
    "Finding",
    "Report",
    "entries",
    "examine",
    "fingerprint",
    "gene_set",
    "gene_sets",
    "get",
    "lists_with",
    "load",
    "locate",
    "prepare",
    "read",
    "twin",
    "verify",
]

_HOME = {
    "Finding": "report",
    "Report": "report",
    "entries": "catalogue",
    "examine": "sources",
    "fingerprint": "sources",
    "gene_set": "signatures",
    "gene_sets": "signatures",
    "get": "catalogue",
    "lists_with": "signatures",
    "load": "sources",
    "locate": "catalogue",
    "prepare": "contract",
    "read": "files",
    "twin": "simulate",
    "verify": "catalogue",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
