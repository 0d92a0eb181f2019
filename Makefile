# Two commands do everything: `make run` starts the bundle on this machine, `make test` passes every check.
# Both make their own virtual environment first and need nothing but Python 3.11+ and make.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help bench run test prove format lint types unit lock measure build clean

help: ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## start everything on 127.0.0.1:3000 (PORT changes it; ARGS=--demo plays a story)
	@$(BIN)/python -m twilio_bridge_local $(ARGS)

test: lint types unit ## everything a contributor must pass

prove: $(STAMP) ## the tests that prove a claim, at their full size; takes long
	PROVE=1 $(BIN)/pytest --numprocesses auto --dist worksteal -m prove $(ARGS)

format: $(STAMP) ## put code and imports in order
	$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format --quiet .

lint: $(STAMP) ## format, style, spelling and the arrow between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports

types: $(STAMP) ## mypy, strict, over source and tests
	$(BIN)/mypy

unit: $(STAMP) ## all tests, with the template checks among them
	$(BIN)/pytest --numprocesses auto --dist worksteal $(ARGS)

lock: $(STAMP) ## compile both requirements files from pyproject.toml, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --no-annotate \
		--custom-compile-command "make lock" pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform x86_64-manylinux_2_28 --generate-hashes \
		--no-annotate --constraint requirements-dev.txt --custom-compile-command "make lock" \
		pyproject.toml -o layers/dependencies/requirements.txt

bench: $(STAMP) ## print what contacts and support events cost: requests, units, times side by side
	@$(BIN)/python -m tests.benchmarks.contacts
	@$(BIN)/python -m tests.benchmarks.refreshes
	@$(BIN)/python -m tests.benchmarks.layouts
	@$(BIN)/python -m tests.benchmarks.crowd
	@$(BIN)/python -m tests.benchmarks.support

measure: $(STAMP) ## count the house: files, arrows, words, names (REV=… for a commit)
	@$(BIN)/python -m tools.measure $(or $(REV),.)

build: ## build the deployable bundle with the SAM CLI
	sam build

clean: ## remove what the other targets made
	rm -rf $(VENV) .aws-sam .mypy_cache .pytest_cache .ruff_cache

# The newest interpreter that starts, 3.13 first (a pyenv shim may exist and still refuse).
$(STAMP): requirements-dev.txt pyproject.toml
	@for candidate in python3.13 $$(ls -d "$$(pyenv root 2>/dev/null)"/versions/3.13.*/bin/python 2>/dev/null) \
		python3.12 python3.11 python3 python; do \
		if "$$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "make: no Python 3.11 or newer found; install one and try again" >&2; exit 1; fi; \
	echo "Setting up $(VENV) with $$($$found --version); this takes a minute, once."; \
	rm -rf $(VENV) && "$$found" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
