# make             the checks of CI: lint, types, docs and tests
# make run         the service on http://127.0.0.1:8000
# make test        all tests
# make fuzz        200,000 random inputs for the parsers; prints its seed, and takes SEED=…
# make platforms   clients in WordPress, Django, Isso, Flask and FastAPI; needs Debian, PHP and MariaDB
# You need Python 3.11 or newer and make. Everything else is installed into .venv.

PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := all
.PHONY: all run test clients fuzz platforms lint types docs check-docs walk lock format clean

all: lint types check-docs test

run: $(VENV)/.run
	$(BIN)/moderation serve --host $(HOST) --port $(PORT)

test: $(VENV)/.dev $(if $(shell command -v npm),$(VENV)/.clients)
	$(BIN)/python -m pytest

# Clients of other projects, which the tests run against the service. They need Node.js and npm;
# without those, the tests are skipped.
clients: $(VENV)/.clients

# With the same seed, the inputs are the same.
SEED := $(or $(SEED),$(shell date +%s))
fuzz: $(VENV)/.dev
	@echo "SEED=$(SEED)"
	MODERATION_FUZZ=1 timeout 1500 $(BIN)/python -m pytest tests/fuzz --hypothesis-seed=$(SEED)

# Tests with three versions of WordPress from Debian's packages, which are unpacked in a folder and
# not installed. .ci/run installs the packages that they need.
platforms: $(VENV)/.dev
	tests/platforms/packages.sh .cache/platforms
	tests/platforms/python.sh $(BIN)/python .cache/platforms-python
	MODERATION_TEST_PLATFORMS=.cache/platforms $(BIN)/python -m pytest tests/platforms

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev
	$(BIN)/mypy

check-docs: $(VENV)/.dev
	$(BIN)/python docs/build.py --check

# Writes the parts of the docs that come from the code: rules, commands, figures of the models.
docs: $(VENV)/.dev
	$(BIN)/python docs/build.py

# Runs the commands of the page on the first month and writes their output into the page.
walk: $(VENV)/.dev
	$(BIN)/python docs/walk.py docs/first-month.md

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Locks the newest versions that pyproject.toml allows, for every platform, with hashes: what `make run`
# needs, what the checks need, and all extras.
lock: $(VENV)/.made
	$(PIP) install uv==0.13.9
	$(LOCK) --extra parquet --output-file requirements.lock
	$(LOCK) --extra parquet --extra postgresql --extra test --extra dev --output-file requirements-dev.lock
	$(LOCK) --all-extras --output-file requirements-all.lock

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv --no-config --quiet pip compile \
	pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --group build

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Stamps: packages are installed again only when their lock changes.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is required, for example: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/.made
	$(PIP) install --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

CLIENTS := tests/clients
$(VENV)/.clients: $(CLIENTS)/python.txt $(CLIENTS)/package-lock.json $(VENV)/.dev
	npm ci --silent --prefix $(CLIENTS)
	grep -v '^#' $(CLIENTS)/python.txt | while read -r client hash; do \
		echo "$$client $$hash" > $(VENV)/client.txt && \
		$(PIP) install --no-deps --upgrade --require-hashes --requirement $(VENV)/client.txt \
			--target .cache/clients/$${client%%=*} || exit 1; done
	@touch $@
