# make run starts the panel, make test tests it; both need Python 3.11 or newer and nothing else.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --require-hashes --requirement
PIP_TOOLS := .venv/lock-tools
# In an environment of its own: what it needs must not change the versions that the tests run with.
MUTATION_TOOLS := .venv/mutation-tools
# No header, no index: neither this machine's folders nor a registry's host belong into the files.
COMPILE := $(PIP_TOOLS)/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(ARGS)
# What a production installation would set; the checks need no data of anybody's.
PRODUCTION := MAILADMIN_DATA=.venv/data-of-checks DEBUG=off ALLOWED_HOSTS=panel.example.com \
	SECRET_KEY=only-for-checks-0123456789-abcdefghijklmnopqrstuvwxyz FERNET_KEYS=only-for-checks-9876543210-zyxwvutsrqponm

.PHONY: run test test-postgres check lint chaos bench mutation mail-pictures screenshots format peers lock clean

run: .venv/run
	exec $(BIN)/python manage.py up $(ARGS)

test: .venv/dev
	$(BIN)/python -m pytest $(ARGS)

# What depends on the database, on a PostgreSQL that is started for it: widths, locks and transactions differ from SQLite.
test-postgres: .venv/dev
	$(BIN)/python -m tests.peers.postgres $(BIN)/python -m pytest tests/delivery tests/replies tests/models tests/api tests/views $(ARGS)

check: lint test

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(PRODUCTION) $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(PRODUCTION) $(BIN)/python manage.py check
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/dev
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

# Kills what can die with 200 emails on the way, 20,000 in a storm, or 2,000 through Microsoft Graph; breaks what the
# panel stands on; and writes docs/reliability.md.
chaos: .venv/dev
	CHAOS_MAILS=200 CHAOS_GRAPH_MAILS=2000 $(BIN)/python -m pytest tests/chaos $(ARGS)

# Takes pictures of every kind of mail for docs/mails.md.
mail-pictures: .venv/dev
	$(BIN)/python -m pytest tests/emails/pictures.py $(ARGS)

# Takes the pictures of docs/tour.md and the README, of a panel that was used for two weeks.
screenshots: .venv/dev
	$(BIN)/python -m pytest tests/browser/pictures.py $(ARGS)

# Measures matching, rendering, and a storm of 10,000 completions, and writes docs/benchmarks.md.
bench: .venv/dev
	$(BIN)/python -m tests.bench.matching
	$(BIN)/python -m tests.bench.rendering
	$(BIN)/python -m tests.bench.storm

# Changes the code in one place at a time and reports what no test notices. See docs/testing.md.
mutation: .venv/dev .venv/mutation
	$(MUTATION_TOOLS)/bin/python -W ignore -m tests.mutation $(ARGS)

peers:
	tests/peers/install

# With the oldest Python there is: before 3.11.3 (Debian 12 has 3.11.2) redis needs one package more.
lock: .venv/made
	$(PYTHON) -m venv --clear $(PIP_TOOLS)
	$(PIP_TOOLS)/bin/python -m pip install --quiet pip-tools
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps are written last: what was interrupted is done again.
.venv/run: requirements.lock | .venv/made
	$(INSTALL) requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(INSTALL) requirements-dev.lock
	@touch $@

.venv/mutation: Makefile | .venv/made
	$(PYTHON) -m venv --clear $(MUTATION_TOOLS)
	$(MUTATION_TOOLS)/bin/python -m pip --disable-pip-version-check install --quiet cosmic-ray==8.7.0
	@touch $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || $(ADD_VENV)
	$(PYTHON) -m venv --clear .venv
	@touch $@

# Debian keeps a part of the standard library in a package of its own.
define ADD_VENV
{ [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	{ apt-get install -qq -y python3-venv || { apt-get update -qq && apt-get install -qq -y python3-venv; }; }; } || \
	{ echo "Python's venv is missing. As root: apt-get install python3-venv"; exit 1; }
endef
