# make setup   system packages (where allowed), .venv, the program, the default models; names a better
#              brain if this machine can run one: make setup YES=1 takes it
# make demo    asks a recorded question and writes demo.mp4
# make run     the daemon: talk to it
# make check   what is run before each commit: ruff, mypy, tests
# make test    the tests, with all set-up
# make settings   config.toml and the settings pages, from the settings' declarations
# make talk-adapter   teaches the default brain to talk; an hour on two processors, FOLDER=where
# make docs     the documentation in English and Chinese, in site/; a broken link is an error
# make bench   every stage, a conversation and the lips, measured here; JSON=FILE writes it, too
# make compare   ours and a plain Pipecat pipeline, asked in turn; QUESTIONS=40, and BUSY=1 beside a
#              program that takes a processor; JSON=FILE writes it, too. Ten minutes, and two the first time
#
# EXTRAS=chatglm,sovits,training,wav2lip (or all) adds the optional engines: make setup EXTRAS=all
# What is for developers installs them all, or nothing would test them.

EXTRAS ?=
TEST_EXTRAS := $(or $(EXTRAS),all)
VENV := .venv
BIN := $(VENV)/bin
comma := ,
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js

# The environment's own Python, or else the first of 3.11 or newer that can make environments.
SYSTEM_PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PYTHON := $(shell for python in $(BIN)/python $(SYSTEM_PYTHONS); do \
  $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && echo $$python && break; done)
VERSION := $(if $(PYTHON),$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))

# Each choice of extras is remembered by itself: one more of them is one more to install. So is the
# version of Python: what was installed for another one is not there after an upgrade.
ENVIRONMENT := $(BIN)/.python-$(VERSION)
INSTALLED := $(BIN)/.installed-$(VERSION)$(if $(EXTRAS),-$(subst $(comma),-,$(EXTRAS)))
INSTALLED_DEV := $(BIN)/.installed-$(VERSION)-dev-$(subst $(comma),-,$(TEST_EXTRAS))
# Two at a time: most of them wait for sound that takes its time. A file stays with one process, which
# has its models.
TESTS := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
needs-compiler = $(if $(filter all sovits,$(subst $(comma), ,$(1))),build)

.PHONY: setup basic-setup setup-test demo run test check settings docs bench compare packages test-packages models test-models axe clean

basic-setup: packages $(INSTALLED) models

# Nothing is asked: whoever sits at the terminal reads what could be better.
setup: basic-setup
	@$(BIN)/digital-life setup $(if $(YES),--yes) </dev/null

setup-test: test-packages $(INSTALLED_DEV) models test-models axe

demo: basic-setup
	$(BIN)/digital-life ask --audio tests/audio/question-en.wav --out demo.mp4 --json demo.json

run: basic-setup
	$(BIN)/digital-life run

test: setup-test
	$(TESTS)

check: setup-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(TESTS) --cov --cov-report=

settings: $(INSTALLED)
	$(BIN)/python -m daemon.config.pages

docs: $(INSTALLED_DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup-test
	$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON))

# What the program itself needs, and a sound server.
compare: basic-setup
	@$(PYTHON) -m daemon.system_packages sound-server
	$(BIN)/python -m tests.bench.compare $(if $(QUESTIONS),--questions $(QUESTIONS)) \
	  $(if $(BUSY),--busy) $(if $(JSON),--json $(JSON))

FOLDER ?= build/talk
talk-adapter: setup-test
	$(BIN)/python -m models.talk.generate $(FOLDER)
	$(BIN)/python -m models.talk.train $(FOLDER)

# Made anew where an upgrade of Python has left it without its packages, or without its Python.
$(ENVIRONMENT): | python-there
	@set -e; $(BIN)/python -m pip --version >/dev/null 2>&1 || for python in $(SYSTEM_PYTHONS); do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; $$python -m venv --clear $(VENV); \
	    $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'; break; fi; done
	@touch $@

.PHONY: python-there
python-there:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer with venv is needed: sudo apt install python3" \
	  "python3-venv (Fedora: sudo dnf install python3, Arch: sudo pacman -S python)" >&2; exit 1; }

# Until version 0.1 it was installed under a name that belongs to somebody else.
define install
	@$(BIN)/python -m pip uninstall --quiet --yes digital-life 2>/dev/null || true
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.$(if $(1),[$(1)])'
	@touch $@
endef

$(INSTALLED): pyproject.toml constraints.txt $(ENVIRONMENT) | packages
	$(call install,$(EXTRAS))

$(INSTALLED_DEV): pyproject.toml constraints.txt $(ENVIRONMENT) | test-packages
	$(call install,dev$(comma)docs$(comma)$(TEST_EXTRAS))
	@touch $(INSTALLED)

# What pip cannot bring is looked for before anything is downloaded. What is missing is installed with
# apt where that needs no password, else the line to run is printed.
packages: | python-there
	@$(PYTHON) -m daemon.system_packages base $(call needs-compiler,$(EXTRAS))

test-packages: | python-there
	@$(PYTHON) -m daemon.system_packages base test $(call needs-compiler,$(TEST_EXTRAS))

models: $(INSTALLED)
	@$(BIN)/digital-life models pull

test-models: $(INSTALLED_DEV)
	@$(BIN)/digital-life models pull --profile tiny
	@$(BIN)/digital-life models pull speaker-encoder mandarin-baker --accept-license

# Looks for what a screen reader stumbles over; where there is no npm, that test is skipped.
axe: $(ENVIRONMENT)
	@[ -e $(AXE) ] || ! command -v npm >/dev/null || \
	  npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1 >/dev/null || \
	  echo "axe-core could not be fetched; its test is skipped."

clean:
	rm -rf $(VENV) build dist *.egg-info demo.mp4 demo.json
