# Every target sets itself up: Python 3.11+ and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Many tests wait for a venue or a process: four workers keep two cores busy.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 2) * 2)')
export UV_PYTHON_DOWNLOADS := never

.PHONY: demo test check wire-demo soak bench screenshots lock clean

demo: $(STAMP)  ## open the console on the demo desk (no keys, no network)
	@$(BIN)/quarterdeck --demo

test: $(STAMP)  ## run every test
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(STAMP)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wire-demo: $(STAMP)  ## the console in LIVE mode against the loopback Kraken
	@$(BIN)/python -m tests.wire.demo

soak: $(STAMP)  ## ten minutes of chaos against both loopback venues (MINUTES=, SEED=)
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

bench: $(STAMP)  ## every benchmark with its peer or floor, ratios printed
	$(BIN)/python -m bench

screenshots: $(STAMP)  ## draw docs/screens/*.png again (needs Chromium)
	$(BIN)/python -m tools.screenshots

lock: $(STAMP)  ## resolve requirements.lock again
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --universal --group dev --python-version 3.11 --no-header pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Quarterdeck needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 demo"; exit 1; }
	@echo "Setting up $(VENV) (once, about ten seconds) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if $(BIN)/python -m pip install -q --disable-pip-version-check uv 2>/dev/null; then \
	  $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock && \
	  $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(BIN)/python -m pip install -q --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache build dist
