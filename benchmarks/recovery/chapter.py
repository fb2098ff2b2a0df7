"""The single-cell claims on a twin, decided by the chapter itself: the code that readers run, not a copy of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest.mock import patch


def verdicts(seed: int, *, null: bool, cells: int) -> dict[str, str]:
    """Run the cells chapter on one twin; returns the verdict of each of its claims."""
    from fxyd3.claims import ledger
    from fxyd3.rerun.chapters import CHAPTERS
    from fxyd3.rerun.step import execute

    parameters = {"data": f"twin:{cells}{':null' if null else ''}", "seed": seed}
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ):
        out = Path(folder)
        error = execute(CHAPTERS["cells"], out, parameters=parameters, cwd=out)
        if error:
            raise RuntimeError(f"The cells chapter stopped on {parameters}: {error['message']}")
        return {record.evidence.claim: record.verdict.value for record in ledger(out / "evidence")}
