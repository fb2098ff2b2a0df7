"""Measure what the book promises about speed and memory; writes ``benchmarks/results.json``. Run by ``make bench``."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rescue import BOUNDS
from benchmarks.speed import side_by_side

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FXYD3_DATA_DIR", ROOT.parent / "shared" / "data"))
TUMOUR = DATA / "wu2021_cid4465_tnbc.h5ad"
FXYD3 = [sys.executable, "-m", "fxyd3"]
STARTING = 3  # seconds: Python, numpy, pandas and anndata


def measure(command: list[str], *, repeats: int = 1) -> dict[str, float]:
    """Run a command; median seconds and highest peak of memory (MiB) of it and its children."""
    seconds, peaks = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} ended with status {status}")
        seconds.append(time.perf_counter() - started)
        peaks.append(used.ru_maxrss / 1024)
    return {"seconds": round(statistics.median(seconds), 2), "peak_mib": round(max(peaks)), "repeats": repeats}


def main() -> None:
    """Measure each promise against its bound."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "twin")
        rows = {
            "fxyd3 --help": ({"seconds": 0.5}, measure([*FXYD3, "--help"], repeats=5)),
            "fxyd3 run --data twin (chapters and book)": (
                {"seconds": 180}, measure([*FXYD3, "run", "--data", "twin", "--out", str(out)]),
            ),
        }  # fmt: skip
        made = json.loads((out / "provenance.json").read_text())
        for step in made["steps"]:
            if step["step"] in ("02-enrichment", "03-cells", "04-tolerance", "05-rescue"):
                found = {"seconds": step["seconds"], "peak_mib": step["peak_mib"], "repeats": 1}
                what = f"chapter {step['step']} on the twin, with kernel start"
                rows[what] = ({"seconds": 60, "peak_mib": 2048}, found)
    if TUMOUR.is_file():
        rows["fxyd3 check of a real tumour (1,564 cells)"] = (
            {"seconds": 5}, measure([*FXYD3, "check", str(TUMOUR)], repeats=3),
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for size, bound in ((400, {"seconds": 2 + STARTING}), (6_000, {"seconds": 20 + STARTING}),
                            (1_000_000, {"peak_mib": 4096})):  # fmt: skip
            draw = f"from fxyd3.data.simulate import write_twin; write_twin('{folder}/simulated.h5ad', {size})"
            rows[f"{size:,} simulated cells to a file, with the start of Python"] = (
                bound, measure([sys.executable, "-c", draw]),
            )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file, steps = str(Path(folder, "cells.h5ad")), [sys.executable, "-m", "benchmarks.tolerance"]
        measure([*steps, "make", file, "200000"])
        rows["tolerance, signatures to lineages, 200,000 cells, with reading"] = (
            {"seconds": 180, "peak_mib": 6144}, measure([*steps, "run", file]),
        )  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "benchmarks.rescue"], cwd=ROOT, capture_output=True, check=True)
    for what, found in json.loads(done.stdout).items():
        rows[what] = ({"seconds": BOUNDS[what]}, found)
    with tempfile.TemporaryDirectory() as folder:
        sides = {cells: side_by_side(cells, Path(folder)) for cells in (5_000, 50_000)}
    for cells, bound in ((5_000, {"seconds": 20}), (50_000, {"peak_mib": 2560})):
        ours = {
            "seconds": sides[cells]["fxyd3"]["seconds"],
            "peak_mib": sides[cells]["fxyd3"]["peak_mib"],
            "repeats": 1,
        }
        rows[f"counts to markers, {cells:,} simulated cells, without import and reading"] = (bound, ours)
    machine = {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    results = [{"what": what, "bound": bound, "measured": found} for what, (bound, found) in rows.items()]
    (ROOT / "benchmarks" / "results.json").write_text(
        json.dumps({"machine": machine, "results": results, "beside_scanpy": sides}, indent=1) + "\n"
    )
    for what, (bound, found) in rows.items():
        kept = all(found[key] <= limit for key, limit in bound.items())
        print(
            f"{'kept  ' if kept else 'BROKEN'}  {what}: {found['seconds']} s, {found['peak_mib']} MiB (bound {bound})"
        )


if __name__ == "__main__":
    main()
