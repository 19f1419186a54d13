# Short targets of one job each, the same by hand and in CI. `make demo` and `make test` need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check lint types slow soak short-soak docker-test bench clean

demo: $(VENV)/.ready
	$(BIN)/chaoskit run experiments/outage/dynamodb-empty-record.yaml

test: $(VENV)/.ready
	$(BIN)/pytest -q -n auto -m "not slow and not docker"

check: lint types slow short-soak

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

# Whole runs with real processes: sandboxes, kill -9, and every shipped experiment against its expected outcome.
slow: $(VENV)/.ready
	$(BIN)/pytest -q -n 3 --dist worksteal -m "slow and not docker" --ignore=tests/soak

# Hours, at full size: KILLS random kills across run, exec, margin and serve, a day of flapping faults in DAY_S seconds, HOURS hours that lose
# a plane, PACKETS packets at a server with faults on, and a journal of a million events. Counts are printed.
KILLS ?= 1000
DAY_S ?= 1440
HOURS ?= 24
PACKETS ?= 10000000
SOAKED = CHAOSKIT_KILLS=$(KILLS) CHAOSKIT_DAY_S=$(DAY_S) CHAOSKIT_HOURS=$(HOURS) CHAOSKIT_PACKETS=$(PACKETS)
soak: $(VENV)/.ready
	$(SOAKED) CHAOSKIT_EVENTS=1000000 $(BIN)/pytest -q -n 0 -s tests/soak

# The same in about a minute: the defaults of the tests. Each test's count is printed when all are over.
short-soak: $(VENV)/.ready
	$(BIN)/pytest -q -n 3 --dist worksteal -rP tests/soak

# Needs a Docker engine; .ci/containers makes one where it can, and the compose game day too.
docker-test: $(VENV)/.ready
	$(BIN)/pytest -q -m docker

bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.proxy
	$(BIN)/python -m tests.bench.http_probe
	$(BIN)/python -m tests.bench.race
	$(BIN)/python -m tests.bench.cascade

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chaoskit needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@
