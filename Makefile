SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check fmt bench bench-replay bench-exact bench-history bench-scenarios bench-github bench-storm bench-chaos bench-blame bench-backtest bench-together clean

# One environment, made on first use and again when the pinned versions change.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rollbot needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Say which: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)
	$(BIN)/rollbot demo

test: $(READY)
	$(BIN)/python -m pytest -n 2

check: $(READY)
	$(BIN)/ruff format --check bot tests bench
	$(BIN)/ruff check bot tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

fmt: $(READY)
	$(BIN)/ruff format bot tests bench
	$(BIN)/ruff check --fix bot tests bench

bench: bench-scenarios bench-exact bench-replay bench-history bench-github bench-storm bench-chaos bench-blame bench-together

bench-replay bench-exact bench-history bench-scenarios bench-storm bench-chaos bench-blame bench-backtest bench-together: bench-%: $(READY)
	$(BIN)/python bench/$*.py

bench-github: $(READY)
	$(BIN)/python bench/on_github.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
