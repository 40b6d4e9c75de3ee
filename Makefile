# make setup   system packages (where allowed), .venv, the program, the default models
# make demo    asks a recorded question and writes demo.mp4
# make run     the daemon: talk to it
# make check   what is run before each commit: ruff, mypy, tests
# make test    the tests, with all set-up
# make settings   config.toml and the settings pages, from the settings' declarations
# make docs     the documentation in English and Chinese, in site/; a broken link is an error
# make bench   every stage, a conversation and the lips, measured here; JSON=FILE writes it, too
#
# EXTRAS=chatglm,sovits,training,wav2lip (or all) adds the optional engines: make setup EXTRAS=all
# What is for developers installs them all, or nothing would test them.

EXTRAS ?=
TEST_EXTRAS := $(or $(EXTRAS),all)
VENV := .venv
BIN := $(VENV)/bin
comma := ,
USER_PACKAGES := libportaudio2 espeak-ng
TEST_PACKAGES := pulseaudio pulseaudio-utils libasound2-plugins chromium fonts-wqy-microhei
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
# so-vits-svc-fork asks for pyworld, which comes as source.
BUILD_PACKAGES := g++ python3-dev

# Each choice of extras is remembered by itself: one more of them is one more to install.
INSTALLED := $(BIN)/.installed$(if $(EXTRAS),-$(subst $(comma),-,$(EXTRAS)))
INSTALLED_DEV := $(BIN)/.installed-dev-$(subst $(comma),-,$(TEST_EXTRAS))
needs-compiler = $(if $(filter all sovits,$(subst $(comma), ,$(1))),$(BUILD_PACKAGES))

.PHONY: setup setup-test demo run test check settings docs bench packages test-packages models test-models axe clean

setup: packages $(INSTALLED) models

setup-test: packages test-packages $(INSTALLED_DEV) models test-models axe

demo: setup
	$(BIN)/digital-life ask --audio tests/audio/question-en.wav --out demo.mp4 --json demo.json

run: setup
	$(BIN)/digital-life run

test: setup-test
	$(BIN)/python -m pytest

check: setup-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

settings: $(INSTALLED)
	$(BIN)/python -m daemon.config.pages

docs: $(INSTALLED_DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup-test
	$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON))

# The first Python of 3.11 or newer that can make virtual environments.
$(BIN)/python:
	@set -e; for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; $$python -m venv $(VENV); \
	    $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'; exit 0; fi; done; \
	echo "Python 3.11 or newer with venv is needed: sudo apt install python3 python3-venv" >&2; exit 1

$(INSTALLED): pyproject.toml constraints.txt $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.$(if $(EXTRAS),[$(EXTRAS)])'
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,$(TEST_EXTRAS)]'
	@touch $@ $(INSTALLED)

# Installs what is missing with apt where that needs no password, else prints the line to run.
define install-packages
	@missing=""; for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	[ -z "$$missing" ] && exit 0; \
	if ! command -v apt-get >/dev/null; then \
	  echo "Please install these with your package manager:$$missing"; \
	elif [ "$$(id -u)" = 0 ]; then as=; \
	elif sudo -n true 2>/dev/null; then as=sudo; \
	else echo "Please run: sudo apt install$$missing"; fi; \
	if [ "$${as-none}" != none ]; then $$as apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive $$as apt-get install -qq -y --no-install-recommends $$missing >/dev/null; fi
endef

packages:
	$(call install-packages,$(USER_PACKAGES) $(call needs-compiler,$(EXTRAS)))

test-packages:
	$(call install-packages,$(TEST_PACKAGES) $(call needs-compiler,$(TEST_EXTRAS)))

# The Mandarin voice is for non-commercial use; the notice is shown before it is fetched.
models: $(INSTALLED)
	@$(BIN)/digital-life models pull --accept-license

test-models: $(INSTALLED_DEV)
	@$(BIN)/digital-life models pull --profile tiny
	@$(BIN)/digital-life models pull speaker-encoder

# Looks for what a screen reader stumbles over; where there is no npm, that test is skipped.
axe: $(BIN)/python
	@[ -e $(AXE) ] || ! command -v npm >/dev/null || \
	  npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1 >/dev/null

clean:
	rm -rf $(VENV) build dist *.egg-info demo.mp4 demo.json
