# `make run` starts the bundle on this machine, `make test` passes every check, `make build` builds what is deployed.
# Each makes its own virtual environment first; the first two need nothing but Python 3.11+ (with venv) and make.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
# Tests start hundreds of processes, and pytest rewrites each of its modules: both keep what they have compiled.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help need-sam setup bench run test prove format lint types unit lock measure first-hour picture registry build clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## start everything on 127.0.0.1:3000 (PORT=…; CONFIG=my.yaml; ARGS=--demo plays a day)
	@$(BIN)/python -m twilio_bridge_local $(if $(CONFIG),--config $(CONFIG)) $(ARGS)

setup: $(STAMP) ## make the virtual environment with the command twilio-bridge, and nothing else

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

# A file's tests stay with one worker, in order: stealing single tests starts a module's stack once more for each thief.
unit: $(STAMP) ## all tests, with the template checks among them
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lock: $(STAMP) ## compile both requirements files from pyproject.toml, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --no-annotate \
		--custom-compile-command "make lock" pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform x86_64-manylinux_2_28 --generate-hashes \
		--no-annotate --constraint requirements-dev.txt --custom-compile-command "make lock" \
		pyproject.toml -o layers/dependencies/requirements.txt

registry: $(STAMP) ## make the registry of entities from Twilio's OpenAPI description (ARGS="--from FOLDER" takes in a new one)
	@$(BIN)/python -m tools.registry $(ARGS)
	@$(BIN)/python -m tools.filter_tables

bench: $(STAMP) ## print what contacts, support events and campaigns cost: requests, units, times side by side
	@$(BIN)/python -m tests.benchmarks.contacts
	@$(BIN)/python -m tests.benchmarks.refreshes
	@$(BIN)/python -m tests.benchmarks.mass_edit
	@$(BIN)/python -m tests.benchmarks.layouts
	@$(BIN)/python -m tests.benchmarks.crowd
	@$(BIN)/python -m tests.benchmarks.support
	@$(BIN)/python -m tests.benchmarks.insights
	@$(BIN)/python -m tests.benchmarks.throughput
	@$(BIN)/python -m tests.benchmarks.entities
	@$(BIN)/python -m tests.benchmarks.campaigns

measure: $(STAMP) ## count the house: files, arrows, words, names (REV=… for a commit)
	@$(BIN)/python -m tools.measure $(or $(REV),.)

first-hour: need-sam $(STAMP) ## play the administrator from clone to connected, as the README says
	@$(BIN)/python -m tests.e2e.first_hour $(ARGS)

picture: $(STAMP) ## draw the README's picture of the demonstration anew
	@$(BIN)/python -m tools.picture

need-sam:
	@command -v sam >/dev/null || { echo "make: the SAM CLI is missing; install it with: pipx install aws-sam-cli" >&2; exit 1; }

build: need-sam $(STAMP) ## build the deployable bundle with the SAM CLI
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' || \
		{ echo "make: Lambda runs Python 3.13, and none was found; install it, then: make clean build" >&2; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" sam build

clean: ## remove what the other targets made
	rm -rf $(VENV) .aws-sam .mypy_cache .pytest_cache .ruff_cache

# The newest interpreter that starts, 3.13 first (a pyenv shim may exist and still refuse). Debian's has venv and
# ensurepip in a package of its own.
$(STAMP): requirements-dev.txt pyproject.toml
	@for candidate in python3.13 $$(ls -d "$$(pyenv root 2>/dev/null)"/versions/3.13.*/bin/python 2>/dev/null) \
		python3.12 python3.11 python3 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then found=$$candidate; break; fi; \
			bare=$$("$$candidate" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); \
		fi; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
		echo "make: $$bare has no venv; install it (Debian, Ubuntu: apt install $$bare-venv) and try again" >&2; exit 1; fi; \
	if [ -z "$$found" ]; then echo "make: no Python 3.11 or newer found; install one and try again" >&2; exit 1; fi; \
	echo "Setting up $(VENV) with $$($$found --version); this takes a minute, once."; \
	rm -rf $(VENV) && "$$found" -m venv $(VENV)
	@rm -f $(VENV)/.failed; \
	{ $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.txt \
		|| touch $(VENV)/.failed; } | awk -v total="$$(grep -c == requirements-dev.txt)" \
		'/^Collecting/ { printf "\r\033[K  package %d of at most %d: %s", ++count, total, $$2; fflush() } \
		/^Installing collected/ { printf "\r\033[K  installing them"; fflush() } END { printf "\r\033[K" }'; \
	if [ -e $(VENV)/.failed ]; then echo "make: the packages could not be installed; the reason stands above" >&2; exit 1; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
