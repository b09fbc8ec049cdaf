# make demo   the whole product on a simulated practice, in one table
# make test   the tests
# make check  format, lint, types, import contracts, tests: what must be green before a commit
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := clinical practice watchers trainer server mcp_tools resident synthetic
export OMP_WAIT_POLICY = PASSIVE
export GOMP_SPINCOUNT = 0
export HF_HUB_OFFLINE = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: install demo test check lint bench clean

## install: .venv with everything; the one part that needs a compiler is built last
install: $(VENV)/.ready
	@bash scripts/quantizer.sh $(BIN)

$(VENV)/.ready: pyproject.toml constraints.txt scripts/install.sh
	@bash scripts/install.sh $(PYTHON) $(VENV)
	@touch $@

## demo: drop reports, read, de-identify, train, evaluate, gate, serve, ask; no compiler needed
demo: $(VENV)/.ready
	@$(BIN)/resident demo

## test: all tests that this machine can run; what is skipped says why
test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

## bench: every figure of bench/README.md, in the order of the product
bench: install
	@for b in deidentify deid_ocr structure answers intake real_reports store serve conclusions train export; do \
	  echo "== $$b"; $(BIN)/python -m bench.$$b || exit 1; done
	@echo "== families"; $(BIN)/python -m pytest -q -m family tests/trainer/test_families.py

