# Every target sets up what it needs; a second call is quick. See README.md.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
LOCK := uv pip compile -q --universal --all-extras --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url
export DAGSTER_DISABLE_TELEMETRY := 1

# Temporary files of tests stand in memory where 4 GB of it are free: half of the suite's time was waiting for a disk.
IN_MEMORY := $(shell test "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4}')" -gt 4000000 2>/dev/null && echo TMPDIR=/dev/shm)
# Bytecode is kept, whatever the environment says: each program that a test starts would compile the product again.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(IN_MEMORY) POLARS_MAX_THREADS=1 $(BIN)/pytest -n 2 --no-loadscope-reorder

.PHONY: help setup setup-dev demo test test-all conformance gallery gallery-reports storm soak console-pictures screenshots chart manifests distribution bench test-fast check audit up lock format clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install everything the product needs
	@deploy/setup.sh

setup-dev: ## the same, and the tools of checks and tests
	@deploy/setup.sh dev

demo: setup ## make sample findings and report on them, under var/demo
	@$(BIN)/policycortex demo

up: setup ## serve the API on 8000 and the Dagster UI on 3000, until Ctrl-C; prints a link that signs in
	@exec $(BIN)/policycortex serve

check: setup-dev ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: ## known vulnerabilities of the locked packages; asks the package index, so it is not part of check
	@test -x .venv-audit/bin/pip-audit || { python3 -m venv .venv-audit && .venv-audit/bin/pip install -q "pip-audit>=2.10,<3"; }
	.venv-audit/bin/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements.lock

test: setup-dev ## all that CI runs: the checks and every test, side by side
	@deploy/setup-tests.sh
	@$(MAKE) --no-print-directory -j 2 check test-all

# The order of tests is shuffled by a seed. It is the same each time, so that a failure can be repeated; SEED=7 is another.
test-all: # without setup; tests/support/distribution.py says which tests stay together
	$(PYTEST) --randomly-seed=$(or $(SEED),20261130)

conformance: setup-dev ## veraPDF over PDF/A-3b and PDF/UA-1 files; part of test
	@deploy/setup-tests.sh
	$(BIN)/pytest tests/conformance

gallery: setup-dev ## a page of each report type as a picture, into docs/gallery
	@$(BIN)/python -m tests.pictures.gallery

gallery-reports: setup-dev demo ## page one of five types and whole reports of the demo, and of SCAN=file, into docs/gallery
	@$(BIN)/python -m tests.pictures.first_pages var/demo/home $(SCAN)

storm: setup-dev ## schedules and deliveries while processes are killed at random; takes minutes
	@deploy/setup-tests.sh
	POLICYCORTEX_TEST_STORM_SCHEDULES=60 POLICYCORTEX_TEST_STORM_KILLS=10 $(BIN)/pytest -m storm --timeout 3600

soak: setup-dev ## a home aged to a year, upkeep, ten minutes of load; ARGS="--postgres", "--scale 0.1 --minutes 1"
	@$(BIN)/python -W ignore -m tests.soak $(ARGS)

chart: setup-dev ## tests of the Helm chart; builds helm first, which takes minutes, so that CI does not run it
	@deploy/setup-helm.sh
	$(BIN)/pytest -m chart tests/unit/deploy

manifests: setup-dev ## write deploy/kubernetes/api.yaml and ui.yaml from the Helm chart
	@deploy/setup-helm.sh
	@deploy/make-manifests.sh

distribution: setup ## build the wheels, install one by name into a new environment, run its demo, write its SBOM, into dist/
	@deploy/make-distribution.sh

bench: setup ## measure beside the version before and other programs, in 40 minutes; or parts, ONLY="api backfill"
	@deploy/setup-bench.sh
	@BENCH_ROUNDS=$(or $(ROUNDS),1) .venv-bench/bin/python -m benchmarks $(ONLY)

console-pictures: setup-dev demo ## every screen of the console over the demo, at a desk and on a phone, light and dark, into var/pictures
	@deploy/setup-tests.sh
	$(BIN)/python -m tests.pictures.console var/demo/home var/pictures

screenshots: setup-dev demo ## pictures of the console and the Dagster UI over the demo, into docs
	@deploy/setup-tests.sh
	$(BIN)/python -m tests.pictures.console var/demo/home docs/gallery overview-desk-light
	$(BIN)/python -m tests.pictures.screenshots var/demo/home docs/images

test-fast: setup-dev ## unit and property tests
	$(PYTEST) tests/unit tests/properties

lock: ## refresh the locks after a change of dependencies in pyproject.toml
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock
	$(LOCK) --constraints requirements-dev.lock pyproject.toml -o requirements.lock

format: setup-dev ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what was installed and cached, and the demo; your own data stays
	rm -rf $(VENV) .venv-audit .venv-bench .venv-pandas .venv-prowler .uv .setup.lock var/demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
