# `make help` lists what there is. Everything runs in .venv, which is made when first needed.

VENV := .venv
# pip is asked again only when what it was asked for has changed.
ASKED := pyproject.toml constraints/cpu.txt deploy/install.sh

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench ablation feedback soak clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1 — /p' Makefile

run: $(VENV)/installed ## watch: the demo camera, SOURCE=rtsp://… or file, or CONFIG=site.yaml
# By the environment and unexpanded, so that no $$ or & in a password or URL means anything to make or the shell.
run: export RAREFRAME_SOURCE := $(value SOURCE)
run: export RAREFRAME_CONFIG := $(value CONFIG)
run:
	@exec $(VENV)/bin/rareframe run $${RAREFRAME_CONFIG:+"$$RAREFRAME_CONFIG"} $${RAREFRAME_SOURCE:+--source "$$RAREFRAME_SOURCE"}

test: JOBS ?= 2
test: $(VENV)/installed-dev ## the whole suite, in JOBS=2 processes; tests whose real parts are absent are skipped with the reason
	@$(VENV)/bin/python -m pytest --numprocesses $(JOBS) --no-loadscope-reorder

lint: $(VENV)/installed-dev ## style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(VENV)/installed-dev ## put the code into the house's form
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

bench: $(VENV)/installed-dev ## how fast it is here
	@$(VENV)/bin/python -m pytest -m bench -s

ablation: $(VENV)/installed-dev ## what each detector earns on SET=folder; with PROTOCOLS="p1 p2", CHANNEL=moving, CONFIG=site.yaml
	@$(VENV)/bin/python tests/bench/ablation.py "$(SET)" --protocols $(or $(PROTOCOLS),p1 p2) $(if $(CHANNEL),--channel $(CHANNEL)) $(if $(CONFIG),--config "$(CONFIG)")

feedback: $(VENV)/installed-dev ## what feedback does to real footage; with DATA=folder, SEEDS="1 2"
	@$(VENV)/bin/python tests/bench/feedback.py "$(or $(DATA),../shared/data)" --seeds $(or $(SEEDS),1)

soak: $(VENV)/installed-dev ## how steady it is over time
	@$(VENV)/bin/python -m pytest -m soak -s

clean: ## remove the environment and what tools left; data stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find monitor detectors tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: $(ASKED)
	@bash deploy/install.sh

$(VENV)/installed-dev: $(ASKED)
	@bash deploy/install.sh --dev
