# `make run` opens the panel, `make test` passes every check; both make the environment first. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# What the targets that train are given; ARGS goes to the command as it is: make train ARGS="--seed 2 --detach".
AGENT ?= ppo
FRAMES ?= 10M
DURATION ?= 15m
EPISODES ?= 100
RUN ?=
RUNS ?=
OUT ?=
ARGS ?=

.PHONY: help run monitor test check format types tests test-slow clean
.PHONY: train train-parallel train-timed train-parallel-timed sac sac-lowmem ppo-baseline ppo-norm compare evaluate bench named-runs named-run

run monitor: $(VENV)/.installed ## open the panel
	$(BIN)/racetui

train: $(VENV)/.installed ## train one car at a time for FRAMES frames
	$(BIN)/racetui train --agent $(AGENT) --collector sequential --frames $(FRAMES) $(ARGS)

train-parallel: $(VENV)/.installed ## train on all cores for FRAMES frames
	$(BIN)/racetui train --agent $(AGENT) --collector async --frames $(FRAMES) $(ARGS)

train-timed: $(VENV)/.installed ## train one car at a time for DURATION
	$(BIN)/racetui train --agent $(AGENT) --collector sequential --duration $(DURATION) $(ARGS)

train-parallel-timed: $(VENV)/.installed ## train on all cores for DURATION
	$(BIN)/racetui train --agent $(AGENT) --collector async --duration $(DURATION) $(ARGS)

sac sac-lowmem ppo-baseline ppo-norm: $(VENV)/.installed ## train by the preset of that name for FRAMES frames
	$(BIN)/racetui train --preset $@ --frames $(FRAMES) $(ARGS)

compare: named-runs $(VENV)/.installed ## compare RUNS="1 2"; with OUT=DIR write a report
	$(BIN)/racetui compare $(RUNS) $(if $(OUT),--out $(OUT)) $(ARGS)

evaluate: named-run $(VENV)/.installed ## drive EPISODES unseen tracks with the best checkpoint of RUN=1
	$(BIN)/racetui eval $(RUN) --episodes $(EPISODES) $(ARGS)

# Asked before the environment is made, which takes minutes.
named-runs:
	@test -n "$(RUNS)" || { echo 'which runs? make compare RUNS="1 2"' >&2; exit 2; }

named-run:
	@test -n "$(RUN)" || { echo 'which run? make evaluate RUN=1' >&2; exit 2; }

bench: $(VENV)/.installed ## speed and memory of simulators and collectors beside stock and others
	$(BIN)/racetui bench sim $(ARGS)
	$(BIN)/racetui bench collectors $(ARGS)

help: ## this list
	@sed -n 's/^\([a-z][a-z -]*\):.*## /\1: /p' $(MAKEFILE_LIST) | \
	while IFS=: read -r names text; do printf '%-46s%s\n' "$$names" "$$text"; done

test: check types tests ## every check: format, lint, strict types, tests

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed
	$(BIN)/mypy

tests: $(VENV)/.installed
	$(BIN)/pytest -n 2 --dist loadfile

test-slow: $(VENV)/.installed ## the tests that take minutes or hours
	$(BIN)/pytest -m slow --timeout 3600

format: $(VENV)/.installed ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

clean: ## remove the environment and what was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
