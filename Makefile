# Everything a newcomer needs. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
DATA ?= data/sample
PARTICIPANTS ?= 50000
SERVE ?= 1
PORT ?= 3000
LOCKED := $(VENV)/.requirements
STAMP := $(VENV)/.installed

.PHONY: help setup demo test check sanitize format lock bento bench bench-quality bench-serving bench-store soak fuzz clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## make .venv with the hashed requirements, and build the native core

$(LOCKED): requirements/dev.txt
	@command -v $(PYTHON) > /dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMP): $(LOCKED) pyproject.toml $(wildcard models/native/*.cpp models/native/*.h models/native/*.hpp) models/native/CMakeLists.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## sample, train, evaluate, register, promote, recommend, serve (SERVE=0: no serving; DATA=DIR: other data)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PARTICIPANTS=$(PARTICIPANTS) PORT=$(PORT) SERVE=$(SERVE) bash scripts/demo.sh "$(DATA)"

test: setup  ## every test (starts its own servers on loopback)
	@bash scripts/test.sh

check: setup  ## what CI runs before the tests: format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@bash scripts/check_types.sh

sanitize: setup  ## property tests of the native core with gcc's address and undefined-behaviour sanitizers
	@bash scripts/sanitize.sh

format: setup  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup  ## lock the requirements of pyproject.toml with hashes (UPGRADE=1: newest versions)
	@bash scripts/lock.sh

bento: setup  ## build a bento of the wheel, offline
	@bash scripts/bento.sh

bench: setup  ## timings beside peers in the same run
	$(BIN)/python -m benchmarks.speed

bench-quality: setup $(PEERS)/.installed  ## quality beside implicit, EASE, LensKit, RecTools (hours; ARGS="--data tafeng")
	$(BIN)/python -m benchmarks.quality --peers-python $(PEERS)/bin/python $(ARGS)

bench-serving: setup  ## one request and HTTP beside implicit, FastAPI, Starlette, BentoML (ARGS="--data DIR")
	$(BIN)/python -m benchmarks.serving $(ARGS)

bench-store: setup  ## load, look-ups and durable events of the store (DATA=DIR)
	$(BIN)/python -m benchmarks.store $(DATA) sqlite:///build/bench-store.db

fuzz: setup  ## made-up requests at every operation of a running service (ARGS="--examples 1000")
	$(BIN)/python -m benchmarks.serving_fuzz $(ARGS)

soak: setup  ## 15 minutes under load while workers, PostgreSQL and the model are taken away (ARGS="--minutes 1 --every 15")
	$(BIN)/python -m benchmarks.soak $(ARGS)

$(PEERS)/.installed: requirements/peers.txt requirements/peers-torch.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/peers.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/peers-torch.txt \
	  || echo "No CPU build of torch was found: LensKit will fail and be reported as not measured."
	@touch $@

clean:  ## remove the environment and what runs left behind (not mlruns/)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
