# make book: run the chapters on the twin and build the pages.   make test: everything CI runs.
# Both build their own environment in .venv from requirements.lock; nothing else is needed but Python 3.11+ and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
OUT    := runs/twin

.PHONY: help book test serve lab chapters bench lock clean
help:                ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(READY)       ## run the chapters on the twin (simulated data) and build the book
	$(BIN)/fxyd3 run --data twin --out $(OUT)

test: $(READY)       ## all checks: style, types, tests, chapters, a real run, the built pages
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder

serve: book          ## serve the built book at http://localhost:8000
	$(BIN)/python -m http.server -d $(OUT)/book/_build/html 8000

lab: $(READY)        ## open the chapters in JupyterLab, to change and run them
	$(BIN)/jupyter lab chapters/01-background.ipynb

chapters: $(READY)   ## run the chapters again and keep their outputs in chapters/
	$(BIN)/python -m fxyd3.rerun.refresh

bench: $(READY)      ## speed and memory (benchmarks/results.json); what is found in many twins (data/twin/checks.csv)
	$(BIN)/python -m benchmarks.measure
	$(BIN)/python -m benchmarks.twin

lock:                ## resolve the dependencies again
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --python-version 3.11 --group test --group teach --no-emit-package fxyd3 --upgrade pyproject.toml --output-file requirements.lock

clean:               ## remove the environment and everything that was built
	rm -rf $(VENV) runs _build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which: make book PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep -o '^uv==[0-9.]*' requirements.lock)
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
