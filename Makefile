# README's two commands are `make demo` and `make test`; each sets up everything it needs.
# Only Python 3.10 or newer, git and make have to be there.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	echo $$p; break; fi; done)
BIN := .venv/bin
export PYTHONUTF8 := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup browser panel wheel demo test lint types layers check lock panel-types fresh-install bench clean

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

setup:  ## Make .venv with everything that demo, test and lint need.
	@test -n "$(PYTHON)" || { echo "pressrun needs Python 3.10 or newer: none of python3, python3.10 ... python3.13 is one."; exit 1; }
	@$(PYTHON) scripts/setup.py

demo: setup  ## Press an example notebook, show its receipt and run its bundle.
	@$(BIN)/python scripts/demo.py

browser: setup  ## Get the browser that tests of the panel drive.
	@$(PYTHON) scripts/setup.py --browser

panel: setup  ## Build the panel for JupyterLab and install it into .venv.
	@$(BIN)/python scripts/panel.py

wheel: panel  ## Build the wheel, with the panel in it, and the sdist into dist/.
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist

test: setup browser panel  ## Run all tests.
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: setup  ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## Check types, strictly.
	$(BIN)/mypy

layers: setup  ## Check who imports whom.
	$(BIN)/lint-imports

check: lint types layers  ## All static checks.

lock: setup  ## Resolve requirements/dev.txt and readers.txt anew.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate --no-header \
		--group dev pyproject.toml --output-file requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate --no-header \
		requirements/readers.in --output-file requirements/readers.txt

panel-types: setup  ## Make the panel's TypeScript types from the records.
	@$(BIN)/python scripts/panel_types.py

fresh-install: panel  ## Install without a lock into a new environment and press a notebook there.
	$(BIN)/python scripts/fresh_install.py

bench: setup browser panel  ## Measure against peers, one JSON line a figure.
	$(BIN)/python benchmarks/replay.py && $(BIN)/python benchmarks/hashing.py && $(BIN)/python benchmarks/packaging.py && \
		$(BIN)/python benchmarks/recording.py && $(BIN)/python benchmarks/live.py && \
		$(BIN)/python benchmarks/registry.py && $(BIN)/python benchmarks/policy.py && $(BIN)/python benchmarks/fold.py && \
		$(BIN)/python benchmarks/audit.py && $(BIN)/python benchmarks/panel.py

clean:  ## Remove what make made.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist \
		labextension/dist labextension/lib labextension/node_modules
