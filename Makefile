# Yibiao: `make run` sets everything up and runs the main job; `make test` sets everything up and tests it.
# Needs make and Python 3.11, 3.12 or 3.13. No root, no server; after the first set-up no network.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON    ?= python3
RESIDENTS ?= 50000
EDITIONS  ?= 3
SEED      ?= 1
DATA      ?= data/demo
HOME_DIR  ?= home

BIN  := .venv/bin
KEY   = $(shell (cat requirements/$(1).txt pyproject.toml; echo '$(CURDIR)') | sha256sum | cut -c1-16)
RUN  := .venv/.installed-run-$(call KEY,run)
DEV  := .venv/.installed-dev-$(call KEY,dev)

# Nothing reports home: not the programs, not their installers.
export DO_NOT_TRACK := 1
export SCARF_ANALYTICS := false
export SCARF_NO_ANALYTICS := true
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Without byte code every process of a run, and every worker of the tests, would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev setup-spark run demo airflow test lint format types generated rewritten bench bench-rivals bench-matching train train-more soak lock lock-check clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: $(RUN) .venv/.compiled ## create .venv with everything that the main job needs

setup-dev: $(DEV) ## the same, and the tools for tests

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "yibiao needs Python 3.11, 3.12 or 3.13 and '$(PYTHON)' is $$($(PYTHON) -V 2>&1): run 'make PYTHON=python3.11 $(MAKECMDGOALS)'" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The lock is complete, so nothing is resolved (--no-deps) and nothing outside it can come in (--require-hashes).
# A stamp is named by the lock and by this folder: a changed lock or a moved checkout installs again.
# An installer uses one processor for a minute, so there are two, each with every second package.
define install
	@awk '/^[A-Za-z]/ { half = 1 - half } { print > (".venv/half-" (half + 0) ".txt") }' requirements/$(1).txt
	pip() { $(BIN)/python -m pip install -qq --no-deps --require-hashes --only-binary :all: --no-compile -r "$$1"; }; \
	pip .venv/half-0.txt & other=$$!; status=0; pip .venv/half-1.txt || status=$$?; wait $$other || status=$$?; exit $$status
	$(BIN)/python -m pip install -qq --no-deps --no-index --no-build-isolation --editable .
	rm -f .venv/.installed-$(1)-* .venv/.compiled
	touch $@
endef

.venv/.installed-run-%: | .venv/bin/python
	@echo "Installing what the main job needs into .venv (once; about a minute)"
	$(call install,run)

# What tests need holds what the main job needs, at the same versions (tests/unit/environment).
.venv/.installed-dev-%: | .venv/bin/python
	@echo "Installing what tests need into .venv (once; about a minute)"
	$(call install,dev)
	rm -f .venv/.installed-run-*
	touch $(RUN)

# The byte code of all packages that a run may read, so that no start pays for it: not of their tests, nor of large ones
# that only training, drawing, installing or committing need.
UNREAD := tests|mypy|mypyc|pip|setuptools|scipy|altair|libcst|virtualenv|pre_commit|hatchling
.venv/.compiled: | .venv/bin/python
	@$(BIN)/python -m compileall -q -j 0 -x '/($(UNREAD))/' $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') >/dev/null 2>&1 || true
	@touch $@

setup-spark: $(RUN) ## add Spark (large) to .venv
	$(BIN)/python -m pip install --no-deps --require-hashes --no-build-isolation -r requirements/spark.txt

demo: setup ## make the demo district in data/demo if it is not there (RESIDENTS=50000 EDITIONS=3 SEED=1)
	@[ -e $(DATA)/demo.json ] || $(BIN)/yibiao demo --residents $(RESIDENTS) --editions $(EDITIONS) --seed $(SEED) --out $(DATA)

run: demo ## set up, make the demo district, run the main job
	@$(BIN)/yibiao run --data $(DATA) --home $(HOME_DIR)

airflow: demo ## the same DAGs under a real Airflow scheduler with its web pages
	@YIBIAO_DATA=$(abspath $(DATA)) YIBIAO_HOME=$(abspath $(HOME_DIR)) $(BIN)/python -m yibiao.orchestration.standalone

# The type checker has one thread, so packages are compiled beside it, and so are the tests: their workers begin with
# the same files at the same moment, and each would rewrite the assertions of all of them.
# pytest comes last: its closing line is the result of the whole. A file's tests share what they are slow to make, and
# the files come in the order of tests/conftest.py, which also says how many workers there are.
test: setup-dev ## set up, then every check and test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types .venv/.compiled lint generated rewritten
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: $(DEV) ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV) ## type hints
	$(BIN)/mypy

generated: $(DEV) ## whether what is generated from schemas/ is what schemas/ say
	$(BIN)/yibiao contract generate --check

rewritten: $(DEV)
	@told=$$($(BIN)/python -m pytest --collect-only -qq 2>&1) || { echo "$$told" >&2; exit 1; }

format: $(DEV) ## rewrite files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev ## measure the stages beside their limits (RESIDENTS=1000000)
	$(BIN)/python -m bench $(if $(filter command line,$(origin RESIDENTS)),--residents $(RESIDENTS),) $(BENCH)

bench-rivals: setup-dev demo ## ingest beside pandas and dlt (DATA=data/bench/1000000x1/district)
	[ -x build/rivals/bin/python ] || { $(PYTHON) -m venv build/rivals && build/rivals/bin/python -m pip install -qq --require-hashes --no-deps --only-binary :all: -r requirements/rivals.txt; }
	$(BIN)/python -m bench.rivals $(DATA)

bench-matching: setup-dev ## the field matcher on labelled forms, beside valentine
	[ -x build/matchers/bin/python ] || { $(PYTHON) -m venv build/matchers && build/matchers/bin/python -m pip install -qq --require-hashes --no-deps --only-binary :all: -r requirements/matchers.txt; }
	$(BIN)/python -m bench.matching

train: setup-dev ## teach the field matcher anew from the labelled forms (about two hours on two processors)
	[ -x build/sense/bin/python ] || { $(PYTHON) -m venv build/sense && build/sense/bin/python -m pip install -qq -r bench/sense/requirements.in; }
	build/sense/bin/python -m bench.sense.pieces build/sense/pieces.json
	$(BIN)/python -m bench.sense.prepare build/sense/pieces.json build/sense/forms.json
	build/sense/bin/python -m bench.sense.train build/sense/forms.json build/sense
	$(BIN)/python -m bench.sense.outside build/sense
	cp build/sense/sense.npz schemas/matching/sense.npz
	$(BIN)/python -m bench.matching --by-origin --train

train-more: setup-dev ## teach the forms that came since the last `make train`: an hour on one processor, the folds stay
	build/sense/bin/python -m bench.sense.pieces build/sense/pieces.json
	$(BIN)/python -m bench.sense.prepare build/sense/pieces.json build/sense/forms.json
	build/sense/bin/python -m bench.sense.train build/sense/forms.json build/sense --only all
	$(BIN)/python -m bench.sense.outside build/sense --beside build/sense/sense.npz
	cp build/sense/sense.npz schemas/matching/sense.npz
	$(BIN)/python -m bench.matching --by-origin --train

soak: setup-dev ## kill 20 runs at random moments and compare what the next run makes
	$(BIN)/python -m bench.soak $(SOAK)

lock: ## write requirements/*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	PYTHON=$(PYTHON) requirements/lock.sh

lock-check: ## fail if the lock is stale or does not install on Python 3.11, 3.12 and 3.13
	PYTHON=$(PYTHON) requirements/lock.sh --check

clean: ## remove what was built, but neither data nor home
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis dbt_project/target dbt_project/logs
	find src tests dags bench -name __pycache__ -type d -prune -exec rm -rf {} +
