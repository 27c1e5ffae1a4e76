# Two commands on a fresh machine: make demo, make test. Only python3 (3.11 or newer) is assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What a browser test needs: two workers gain the most on two cores.
E2E_WORKERS ?= 2

.PHONY: demo test lint types contract unit e2e clauses clean help

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

test: lint types contract unit e2e  ## everything: lint, types, imports, unit tests, browser tests

lint: $(VENV)/dev  ## ruff, code and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/dev  ## mypy, strict
	$(BIN)/mypy

contract: $(VENV)/dev  ## imports point one way
	$(BIN)/lint-imports

unit: $(VENV)/dev  ## unit and property tests
	$(BIN)/pytest tests

e2e: $(VENV)/dev  ## browser tests
	$(BIN)/python -m asgi_consent.audit.browser --install
	$(BIN)/pytest e2e --numprocesses $(E2E_WORKERS)

clauses: $(VENV)/dev  ## clause by clause: which tests prove it, and did they pass
	@$(BIN)/python -m asgi_consent.audit.browser --install
	@$(BIN)/pytest e2e --numprocesses $(E2E_WORKERS) --clauses --quiet --no-header

clean:  ## remove what was built
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
