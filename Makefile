# Every target sets up what it needs; a second call is quick. See README.md.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: setup lock check format

setup: ## install everything the product needs
	@deploy/setup.sh

lock: ## refresh the lock after a change of dependencies in pyproject.toml
	uv pip compile -q --universal --all-extras --group dev --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url pyproject.toml -o requirements.lock

format: ## rewrite the sources in the house's form
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: setup ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
