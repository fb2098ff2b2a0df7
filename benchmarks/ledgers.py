"""The runs that the scorecard is compared with when no other is named: ``python -m benchmarks.ledgers [NAME ...]``.

Each is a run of the book; what is kept of it is its ledger, in ``data/ledgers``. The public data are read in place.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fxyd3.paths import book_file, public_file

TUMOUR = "celltype_major in ['Cancer Epithelial', 'Normal Epithelial']"
CHOICES = {
    "twin-1000-genes": "n_top_genes=1000",
    "twin-4000-genes": "n_top_genes=4000",
    "twin-15-components": "n_comps=15",
    "twin-30-neighbours": "n_neighbors=30",
    "twin-adaptive-thresholds": "adaptive=true",
    "twin-doublets-kept": "remove_doublets=false",
}


def runs() -> dict[str, list[str]]:
    """Return the arguments of each run, by the name under which it is kept."""
    tumour = ["--data", str(public_file("wu2021_cid4465_tnbc.h5ad")), "--select", TUMOUR]
    chosen = {name: ["--data", "twin", "-p", choice] for name, choice in CHOICES.items()}
    return {"null-twin": ["--data", "twin:null"], "wu2021-one-tumour": tumour, **chosen}


def keep(name: str, arguments: list[str]) -> None:
    """Run the book and keep its ledger."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / name
        subprocess.run([sys.executable, "-m", "fxyd3", "run", *arguments, "--out", str(out)], check=True)
        shutil.copyfile(out / "ledger.json", book_file("data", "ledgers", f"{name}.json"))


if __name__ == "__main__":
    for name, arguments in runs().items():
        if name in (sys.argv[1:] or [name]):
            keep(name, arguments)
