# Entrepôt. `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

QUICK := tests/unit tests/docs/test_examples.py tests/sandbox/test_world.py tests/gateways/taxes tests/gateways/events \
  tests/conformance/test_complete.py \
  tests/conformance/test_bonsai.py::test_order_is_placed_and_told_in_full \
  tests/conformance/test_bonsai_cards.py::test_account_without_the_funds \
  tests/conformance/test_textalk_shopping_checkout.py::test_checkout_without_a_planned_payment \
  tests/conformance/test_textalk_shopping_codes.py::test_a_discount_code_that_is_not_valid

.DEFAULT_GOAL := help
.PHONY: help setup run test quick check format bench bench-after-sale bench-growth bench-kit torture lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(READY) ## make the virtual environment with everything that the lock file names

$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Entrepôt needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## start the demo server on http://127.0.0.1:8600, or on ENTREPOT_PORT
	@$(BIN)/entrepot demo

test: $(READY) ## run all tests
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10

quick: $(READY) ## run the fast part: rules, house, examples of the pages, a few proofs per door
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(QUICK)

check: $(READY) ## lint and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright

format: $(READY) ## put the source into its one form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(READY) ## measure, as ratios within one run
	@$(BIN)/python -m bench

bench-after-sale: $(READY) ## measure orders on their way out beside orders coming in
	@$(BIN)/python -m bench.after_sale

bench-growth: $(READY) ## measure orders, purchases, lists and the check among two million orders
	@$(BIN)/python -m bench.growth

bench-kit: $(READY) ## measure the test kit: start, reset, snapshots, a suite, memory, install
	@$(BIN)/python -m bench.kit --page docs/reference/test-kit.md

torture: $(READY) ## kills, silence, floods and full disks under load; long forms of fuzzing and property tests
	@$(BIN)/python -m pytest -m torture
	@$(BIN)/python -m torture

lock: $(READY) ## resolve the dependencies anew and write the hashed lock files
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml --all-extras -o requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@echo hatchling | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links - -o requirements/build.txt
	@echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links - -o requirements/uv.txt

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
