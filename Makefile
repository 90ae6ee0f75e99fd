# make demo: see it work.  make test: everything CI runs.  make help: the rest.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: help install dev demo test lint types layering unit bench bench-compare bench-rest bench-growth bench-publish simulate matrix torture lock format clean poppler starter examples train-demo

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "docsorter needs Python 3.11 or newer: apt install python3 python3-venv"; exit 10; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "cannot make $(VENV): apt install python3-venv"; exit 10; }

$(VENV)/runtime.done: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "installing the runtime into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q docsorter  # a checkout is not compiled by the installation
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/runtime.done
	@echo "installing what training and the checks need into $(VENV) (about 3 GB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

poppler:
	@bash scripts/ensure-poppler.sh

install: poppler $(VENV)/runtime.done ## install docsorter into .venv

dev: poppler $(VENV)/dev.done ## install also what training, generating and the checks need (3 GB)

demo: install ## sort the example scans with the real daemon
	@$(BIN)/docsorter demo

# Types are checked on one core for longer than a minute: beside the tests, not before them.
test: poppler $(VENV)/dev.done ## lint, types, layering and all tests
	@$(MAKE) --no-print-directory --jobs 2 lint layering types unit

lint: $(VENV)/dev.done ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev.done ## mypy, strict
	@$(BIN)/mypy

layering: $(VENV)/dev.done ## imports go downwards only
	@$(BIN)/lint-imports --no-cache

# A file stays with one worker, so that what its tests share is made once; tests/ordering.py says
# which files come first.
unit: poppler $(VENV)/dev.done ## pytest on all cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: poppler $(VENV)/dev.done ## docsorter beside a script, a text sorter and the limit
	@$(BIN)/python -m bench.run

bench-compare: $(VENV)/dev.done ## the last run beside the one that is kept, by ratios
	@$(BIN)/python -m bench.compare

bench-rest: poppler $(VENV)/dev.done ## an idle daemon, and 1 to N cores (four minutes)
	@$(BIN)/python -m bench.idle
	@$(BIN)/python -m bench.cores

bench-growth: poppler $(VENV)/dev.done ## 100,000 documents on a store of a million (twenty minutes)
	@$(BIN)/python -m bench.soak --blind 100000 --real 0 --stored 1000000 --minutes 22

bench-publish: $(VENV)/dev.done ## the figures of the last runs into docs/develop/performance.md
	@$(BIN)/python -m bench.publish

simulate: poppler $(VENV)/dev.done ## a department earns its autonomy: automation, errors, answers (a quarter of an hour at first)
	@$(BIN)/python -m bench.simulate

matrix: poppler $(VENV)/dev.done ## the same page in every encoding: is it read alike? (five minutes)
	@$(BIN)/python -m tests.matrix

torture: poppler $(VENV)/dev.done ## kills, power cuts, faults, hostile files: is anything lost? (half an hour)
	@$(BIN)/python -m tests.torture.run

format: $(VENV)/dev.done ## rewrite the sources in the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## resolve the dependencies anew into requirements/
	@bash scripts/lock.sh

examples: $(VENV)/dev.done ## generate inbox_examples/ again
	@$(BIN)/python -m starter.examples inbox_examples

starter: $(VENV)/dev.done ## train the starter bundle; docs/develop/making-the-starter.md says what it needs
	@bash scripts/train-starter.sh

train-demo: poppler $(VENV)/dev.done ## train a model on a small folder of generated documents
	@echo "generating 160 documents into build/train-demo/labelled ..."
	@$(BIN)/python -m starter.demo_documents build/train-demo/labelled
	@rm -rf build/train-demo/models/demo-1 build/train-demo/models/demo-1-report.html
	@$(BIN)/docsorter train build/train-demo/labelled --name demo-1 --out build/train-demo/models

clean: ## remove everything that was installed or built
	@rm -rf $(VENV) build dist docsorter-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
