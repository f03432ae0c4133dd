# CRM Workbench. Needs Python 3.11 or newer and make; everything else is set up in .venv.
# Each target does only what has changed since the last time. `make help` lists them.

WORKSPACE ?= workspace
JOBS ?= 2
PYTEST ?=
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 \
	&& $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& command -v $$name && break; done)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CRM_WORKSPACE := $(WORKSPACE)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format messages bench lab set-up lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/set-up.done ## A company full of believable data, its sales report, and the desk to work at
	@test -f $(WORKSPACE)/workbench.toml || $(BIN)/crm demo
	@test -d $(WORKSPACE)/runs/sales_review || $(BIN)/crm report run sales_review
	@$(BIN)/crm serve

test: $(VENV)/set-up.done ## Everything that must pass; with CI set, nothing may be left out
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope $(PYTEST)

lint: $(VENV)/set-up.done ## Style, types, and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

format: $(VENV)/set-up.done ## Let the formatter lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/set-up.done ## Collect the sentences to translate into crmlib/i18n/locale
	@$(BIN)/python -m crmlib.i18n.collect

bench: $(VENV)/set-up.done ## Measure, and write build/bench.json
	$(BIN)/python -m tests.bench

lab: $(VENV)/set-up.done ## JupyterLab on the notebooks, with the workbench open
	@$(BIN)/crm lab

set-up: $(VENV)/set-up.done ## Make .venv with the exact versions of requirements.lock

$(VENV)/set-up.done: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "CRM Workbench needs Python 3.11 or newer. Install it, or name it: make PYTHON=…"; exit 1; }
	@test -x $(BIN)/python || { echo "Setting up (once, a few minutes) with $(PYTHON) …"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --quiet -r requirements.lock
	@$(BIN)/python -m pip install --quiet --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# In a fresh environment, together with what only other systems need, so that nothing accidental is locked.
lock: ## Choose the newest versions that pyproject.toml allows, and write requirements.lock
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]' appnope aiohttp
	build/lock/bin/python .ci/lock.py

clean: ## Remove what was set up and built; workspaces stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
