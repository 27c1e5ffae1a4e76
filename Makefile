# Two commands on a fresh machine: make demo, make test. Only python3 (3.11 or newer) is assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What a browser test needs: two workers gain the most on two cores.
E2E_WORKERS ?= 2

.PHONY: demo test lint types contract catalogue unit e2e clauses fuzz bench bench-gate clean help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/demo: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(VENV)/dev: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/demo

demo: $(VENV)/demo  ## serve the demonstration site and print its address
	@$(BIN)/asgi-consent demo $(DEMO)

test: lint types contract catalogue unit e2e  ## everything: lint, types, imports, unit tests, browser tests

lint: $(VENV)/dev  ## ruff, code and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/dev  ## mypy, strict
	$(BIN)/mypy

contract: $(VENV)/dev  ## imports point one way
	$(BIN)/lint-imports

catalogue: $(VENV)/dev  ## tail.tsv is what its sources give: make catalogue SOURCES=dir reads them
	$(BIN)/python -m asgi_consent.catalog.rebuild --check $(if $(SOURCES),--sources $(SOURCES))

unit: $(VENV)/dev  ## unit and property tests
	$(BIN)/pytest tests

e2e: $(VENV)/dev  ## browser tests
	$(BIN)/python -m asgi_consent.audit.browser --install
	$(BIN)/pytest e2e --numprocesses $(E2E_WORKERS)

clauses: $(VENV)/dev  ## clause by clause: which tests prove it, and did they pass
	@$(BIN)/python -m asgi_consent.audit.browser --install
	@$(BIN)/pytest e2e --numprocesses $(E2E_WORKERS) --clauses --quiet --no-header

fuzz: $(VENV)/dev  ## soups of tags and of CSS against other parsers and in a browser, some minutes: make fuzz SEED=2
	$(BIN)/python -m asgi_consent.audit.browser --install
	ASGI_CONSENT_LONG=1 ASGI_CONSENT_SEED=$(or $(SEED),1) $(BIN)/pytest -n0 tests/html/test_differential.py tests/html/test_css.py e2e/test_soups.py

$(VENV)/bench: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench,fast]'
	@touch $@

bench: $(VENV)/bench  ## how fast pages are rewritten, next to other engines: make bench BENCH="--markdown"
	@$(BIN)/python benchmarks/rewriter.py $(BENCH)

bench-gate: $(VENV)/bench  ## the same in instructions, fails when a ratio is missed (needs valgrind)
	@$(BIN)/python benchmarks/rewriter.py --instructions --gate

clean:  ## remove what was built
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
