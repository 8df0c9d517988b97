# Every target makes what it needs first: `make test` in a fresh clone is enough. What that tells goes to standard error:
# standard output is that of the target itself (`make bench > bench.jsonl`).
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
N ?= 200
TREE ?= .
SECONDS_OF_NOISE ?= 120
INSTALL ?= default
SAMPLE ?= 600
SEED ?= 1
# The tests start hundreds of operators and commands: each would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.ready ## .venv with the locked dependencies and the package in it

.venv/.ready: requirements/dev.lock pyproject.toml
	@echo "setting up .venv" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/it")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

check: setup ## lint, spelling, types, import contracts, staleness of generated files
	$(BIN)/ruff check operator tests tools
	$(BIN)/ruff format --check operator tests tools
	$(BIN)/typos
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check
	$(BIN)/python -m tools.kube_schemas --check

test: setup testbed ## unit and e2e tests, on a real API server and a real registry
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --hypothesis-profile thorough -m "not alone" $(if $(PYTEST_ARGS),,--cov --cov-report=) $(PYTEST_ARGS)
	$(if $(PYTEST_ARGS),,$(BIN)/python -m tools.coverage_floors)
	$(if $(PYTEST_ARGS),,$(BIN)/python -m pytest -q -m alone --noisy-seconds 40 tests/e2e)

noisy: setup testbed ## 32 hostile patterns beside 20 good ones for two minutes (SECONDS_OF_NOISE=120, SORTS_OF_NOISE=tags,tokens)
	$(BIN)/python -m pytest -q -s -m alone --noisy-seconds $(SECONDS_OF_NOISE) --noisy-sorts "$(SORTS_OF_NOISE)" tests/e2e

crds docs: setup ## write what is generated from the code: crds/ and the docs that have a template docs/*.in.md
	$(BIN)/python tools/generate.py

mutate: setup ## which small changes of the code no unit test notices (SAMPLE=600, 0: all; SEED=1; MUTATED=apply,kube/session.py); run again, it goes on
	$(BIN)/python -m tools.mutation --sample $(SAMPLE) --seed $(SEED) $(if $(MUTATED),--packages $(MUTATED))

demo: setup ## the whole way on real parts: push, sign, apply, update, refuse (KEEP=1 leaves it running)
	@$(BIN)/python -m tools.demo $(if $(KEEP),--keep)

demo-down: setup ## end what make demo KEEP=1 left running
	@$(BIN)/python -m tools.demo --end

bench: setup testbed ## what N patterns cost beside the raw requests for their objects, one JSON line a row (TREE=another working tree: its operator)
	@$(BIN)/python -m tools.bench --patterns $(N) --tree $(TREE)

testbed: .venv/.ready ## build the programs that up, test and bench run (the first time takes some 10 minutes)
	@$(BIN)/python -m tests.testbed build

up: .venv/.ready ## start a real cluster, a registry and the operator; says where: .testbed/env (INSTALL=restricted, NO_OPERATOR=1)
	@$(BIN)/python -m tests.testbed up --install $(INSTALL) $(if $(NO_OPERATOR),--no-operator)

down: .venv/.ready ## end what up started
	@$(BIN)/python -m tests.testbed down

.PHONY: noisy testbed up down help setup check test crds docs demo demo-down bench mutate
