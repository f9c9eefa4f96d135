# Everything that a person does with this project. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
PREPARE := $(PYTHON) infra/local/prepare.py
UI := gateway/web
.PHONY: help setup prepare-run prepare-test run test check style types imports unit ui bench soak test-compose backup restore lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r target text; do printf '  make %-14s %s\n' "$$target" "$$text"; done

setup: prepare-test ## Install what runs and tests need; a second time it does nothing

prepare-run:
	@$(PREPARE) run

prepare-test:
	@$(PREPARE) test

run: prepare-run ## Run the city (SITE=infra/sites/tangshan PORT=... DATA_DIR=var AMQP_URI=... DATABASE_URL=...)
	@exec $(PY) -m infra.local

check: prepare-test ## Style, types, imports, fast tests and the UI's checks: under a minute
	@$(MAKE) --no-print-directory --output-sync=target -j2 types unit style imports ui

test: prepare-test check ## check, and every other test there is: real broker, database and browser
	@$(PY) -m pytest tests/integration tests/system
	@$(PY) -m pytest tests/browser

style:
	@.venv/bin/ruff check --quiet . && .venv/bin/ruff format --quiet --check .

types:
	@.venv/bin/mypy --strict --no-error-summary
	@.venv/bin/mypy --config-file tests/mypy.ini --no-error-summary tests

imports:
	@.venv/bin/lint-imports --no-logo

unit:
	@$(PY) -m pytest --quiet tests/unit tests/contracts tests/golden tests/architecture

ui:
	@$(PREPARE) npm run check

bench: prepare-test ## What depends on the speed of a machine: scans per CPU-second, latency from coil to screen
	@$(PY) -m tests.bench

soak: prepare-test ## What takes hours: kill loops, 10^5 faulty polls, fuzzing (JOBS="polls=20000 fuzz=5")
	@$(PY) -m tests.soak $(JOBS)

test-compose: prepare-test ## Start docker-compose.yml for real, look at it, stop it
	@$(PY) -m tests.compose

backup: prepare-run ## Save the whole platform while it runs (FILE=city.backup DATA_DIR=var DATABASE_URL=...)
	@.venv/bin/urbanops backup "$(FILE)"

restore: prepare-run ## Restore a saved platform (FILE=city.backup; ARGS=--replace puts what is there aside)
	@.venv/bin/urbanops restore "$(FILE)" $(ARGS)

lock: prepare-test ## Lock the dependencies of pyproject.toml anew, with hashes
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra simulator pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra simulator --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header requirements-node.in -o requirements-node.lock

clean: ## Remove what was built and cached; the city's data in var/ stays
	@rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(UI)/node_modules $(UI)/dist
	@find . -name __pycache__ -prune -exec rm -rf {} +
