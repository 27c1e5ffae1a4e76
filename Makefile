# Two commands on a fresh machine: make demo, make test. Only python3 (3.11 or newer) is assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Of the tests: two gain the most on two cores.
WORKERS ?= 2
# A browser that hangs may hold the very thread that is to be told so.
HANGS := --timeout-method thread

.PHONY: demo test test-browsers lint scripts static types contract catalogue unit postgresql e2e clauses threats fuzz bench bench-sizes bench-gate network bench-proxy lab frameworks bench-audit kills bench-ledger memory load docs lock locked wheel sbom audit clean help

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

lint: $(VENV)/dev scripts  ## ruff, code and format; eslint and types of the scripts, where there is Node
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# Where there is no Node, tests/banner still tell whether what is sent was made of its sources.
scripts:
	@if ! command -v npm > /dev/null; then echo "no npm here: the scripts in static/ are not linted"; \
	elif $(MAKE) --silent --no-print-directory static/node_modules/ready; then cd static && npm run --silent lint; \
	else echo "npm cannot install its tools here: the scripts in static/ are not linted"; fi

static/node_modules/ready: static/package.json
	@cd static && npm install --no-save --no-package-lock --no-audit --no-fund --silent
	@touch $@

static: static/node_modules/ready  ## make the scripts that are sent, after a change in static/ (needs Node)
	@cd static && npm run --silent build

types: $(VENV)/dev  ## mypy, strict
	$(BIN)/mypy

contract: $(VENV)/dev  ## imports point one way
	$(BIN)/lint-imports

catalogue: $(VENV)/dev  ## tail.tsv is what its sources give: make catalogue SOURCES=dir reads them
	$(BIN)/python -m asgi_consent.catalog.rebuild --check $(if $(SOURCES),--sources $(SOURCES))

messages: $(VENV)/dev  ## what templates and code say, into the catalogues of all languages
	$(BIN)/python -m asgi_consent.locales

unit: $(VENV)/dev postgresql  ## unit and property tests
	$(BIN)/pytest tests --ignore tests/network --numprocesses $(WORKERS)

postgresql: $(VENV)/dev  ## what the tests of the ledger run on: Debian's binaries, installed if absent
	@$(BIN)/python -m tests.ledger.postgresql --install

e2e: $(VENV)/dev  ## browser tests
	$(BIN)/python -m asgi_consent.audit.browser --install
	$(BIN)/pytest e2e --numprocesses $(WORKERS) $(HANGS)

# Debian's; elsewhere the tests of a browser that is not there are skipped, and say so.
OTHER_BROWSERS := firefox-esr webkit2gtk-driver xvfb

test-browsers: $(VENV)/dev  ## the main journeys in Firefox ESR, a smoke test in WebKitGTK
	@dpkg -s $(OTHER_BROWSERS) > /dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y --no-install-recommends $(OTHER_BROWSERS) > /dev/null; } || true
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[browsers]'
	$(BIN)/pytest e2e/browsers -ra

network: $(VENV)/dev postgresql  ## real caches and load balancers in front of the app (installs nginx and Varnish)
	@which nginx varnishd >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light varnish)
	$(BIN)/pytest tests/network

lab: $(VENV)/dev  ## verify on every bad site and its good twin, about ten minutes
	$(BIN)/python -m asgi_consent.audit.browser --install
	ASGI_CONSENT_LAB=1 $(BIN)/pytest e2e/test_bad_sites.py --numprocesses $(WORKERS) $(HANGS)

frameworks: $(VENV)/dev  ## the same site in all six frameworks, in a browser
	$(BIN)/python -m asgi_consent.audit.browser --install
	ASGI_CONSENT_FRAMEWORKS=1 $(BIN)/pytest e2e/test_frameworks.py --numprocesses $(WORKERS) $(HANGS)

clauses: $(VENV)/dev  ## clause by clause: which tests prove it, and did they pass
	@$(BIN)/python -m asgi_consent.audit.browser --install
	@$(BIN)/pytest e2e --numprocesses $(WORKERS) $(HANGS) --clauses --quiet --no-header

threats: $(VENV)/dev postgresql  ## threat by threat: which tests prove the answer, and did they pass
	@$(BIN)/python -m asgi_consent.audit.browser --install
	@$(BIN)/pytest tests e2e --ignore tests/network --numprocesses $(WORKERS) --threats --quiet --no-header

# Of each target in tests/fuzz, by coverage. Where atheris cannot be installed they say so.
SECONDS ?= 10

fuzz: $(VENV)/dev  ## soups of tags, of CSS and for every other parser, some minutes: make fuzz SEED=2 SECONDS=60
	$(BIN)/python -m asgi_consent.audit.browser --install
	ASGI_CONSENT_LONG=1 ASGI_CONSENT_SEED=$(or $(SEED),1) $(BIN)/pytest -n0 --timeout 0 tests/html/test_differential.py tests/html/test_css.py tests/fuzz e2e/test_soups.py
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz all $(SECONDS)

$(VENV)/bench: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench,fast]'
	@touch $@

bench: $(VENV)/bench  ## how fast pages are rewritten, next to other engines: make bench BENCH="--markdown"
	@$(BIN)/python benchmarks/rewriter.py $(BENCH)

bench-sizes: $(VENV)/dev  ## how much a browser has to load, next to others
	@$(BIN)/python benchmarks/sizes.py

bench-proxy: $(VENV)/bench  ## embedded and as a proxy, next to nginx, mitmproxy, workerd (needs wrk, nginx)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[proxy]'
	@$(BIN)/python benchmarks/proxy.py $(BENCH)

bench-audit: $(VENV)/dev  ## how long verify and scan take, against their budgets
	@PYTHONPATH=. $(BIN)/python benchmarks/audit.py

bench-gate: $(VENV)/bench  ## the same in instructions, fails when a ratio is missed (needs valgrind)
	@$(BIN)/python benchmarks/rewriter.py --instructions --gate

kills: $(VENV)/dev postgresql  ## 50 times kill -9 while records are written, on SQLite and PostgreSQL
	ASGI_CONSENT_KILLS=50 $(BIN)/pytest -n0 --timeout 0 tests/ledger/test_kill.py

bench-ledger: $(VENV)/dev postgresql  ## what recording adds to a choice, next to no ledger at all
	@$(BIN)/python -m benchmarks.ledger

memory: $(VENV)/dev  ## what pages cost that are far too large: 200 MB, a million attributes, byte by byte
	$(BIN)/python benchmarks/memory.py

$(VENV)/docs: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(VENV)/docs  ## the documentation, in site/; fails for a broken link, or if it loads from others
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@$(BIN)/python -m docs.made.check_site site

load: $(VENV)/dev  ## mixed traffic for half an hour, next to the app alone: make load MINUTES=5
	$(BIN)/python benchmarks/load.py --minutes $(or $(MINUTES),30)

lock: $(VENV)/dev  ## requirements-dev.txt anew: what we develop with, by exact version and hash
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --extra dev pyproject.toml --output-file requirements-dev.txt

locked:  ## a .venv that has exactly what requirements-dev.txt says; make test then uses it
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(VENV)/dev $(VENV)/demo

wheel: $(VENV)/dev  ## the wheel, in dist/
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -t sdist

# All that users can ask for, without what only we need; in an environment of its own.
EXTRAS := audit,brotli,django,fast,fastapi,flask,lists,litestar,metrics,postgresql,privacy,proxy,quart,zstd

$(VENV)/installed: wheel
	$(PYTHON) -m venv --clear $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check "$$(ls dist/*.whl)[$(EXTRAS)]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,release]'

sbom: $(VENV)/installed  ## what an installation with every extra brings, in CycloneDX: dist/sbom.json
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file dist/sbom.json $</bin/python

audit: $(VENV)/installed  ## known vulnerabilities in what an installation brings (asks pypi.org)
	$(BIN)/pip-audit --path "$$($</bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" --strict --skip-editable

clean:  ## remove what was built
	rm -rf $(VENV) dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
