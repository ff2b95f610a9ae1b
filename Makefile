# SPDX-License-Identifier: GPL-3.0-or-later
# Every entry point of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The tools call each other by name, and a version manager's shims answer to names that they cannot run.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: env
env: ## prepare .venv with the pinned dependencies
	@tools/env.sh

.PHONY: env-dev
env-dev: env ## the same, with what the checks need
	@tools/env.sh requirements-dev.txt

.PHONY: boot
boot: ## set this machine up and boot a server on it
	@tools/boot.sh

CASES ?= tests/conformance/cases

.PHONY: conformance
conformance: env-dev ## hold the contract against cases computed by Nova (CASES=DIR for other ones)
	@.venv/bin/python -m tests.conformance $(CASES)

# The tests start hosts of their own, in namespaces: that needs root.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo -n)

.PHONY: packages
packages: # the Debian packages of the test hosts
	@tools/packages.sh tests/lab/packages.txt

.PHONY: guest
guest: packages ## build the tiny test guest (cached)
	@tests/guest/build.sh

.PHONY: lint
lint: env-dev packages ## ruff, shellcheck, yamllint, ansible-lint
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@shellcheck $$(git ls-files '*.sh')
	@.venv/bin/yamllint --strict .
	@tools/ansible-lint.sh

.PHONY: typing
typing: env-dev ## mypy, strict
	@cd .cache/tree && ../../.venv/bin/mypy --config-file ../../pyproject.toml -p ansible_collections.kilonova.compute.plugins

.PHONY: unit
unit: env-dev ## tests that need neither libvirt's daemon nor a network
	@.venv/bin/pytest -q tests/unit

FUZZ_EXAMPLES ?= 10000
# `make test` tries the same examples each time, so that it fails for what was changed and for nothing else.
FUZZ_SEED ?= random

.PHONY: fuzz
fuzz: env-dev ## arbitrary input to the contract, new each time (FUZZ_EXAMPLES=N per module)
	@KILONOVA_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) KILONOVA_FUZZ_SEED=$(FUZZ_SEED) .venv/bin/pytest -q tests/unit/boot/test_fuzz.py

.PHONY: parity
parity: env-dev ## write the parity table (docs/parity.md) from the code
	@.venv/bin/python -m tools.parity

.PHONY: sanity
sanity: env-dev ## ansible-test sanity, and the collection's documentation
	@tools/sanity.sh
	@.venv/bin/antsibull-docs lint-collection-docs --plugin-docs .
	@.venv/bin/antsibull-changelog lint

.PHONY: lab
lab: env-dev guest ## the test hosts themselves
	@$(AS_ROOT) .venv/bin/pytest -q tests/lab

.PHONY: integration
integration: env-dev guest ## the collection on test hosts with real guests, two files at a time
	@$(AS_ROOT) .venv/bin/pytest -q -n 2 --dist loadfile tests/integration

.PHONY: molecule
molecule: env-dev guest ## the role boot, by its molecule scenario on a test host
	@$(AS_ROOT) tools/molecule.sh

BENCH ?=

.PHONY: bench
bench: env packages ## measure boots against a plain loop and against community.libvirt (BENCH="--sizes 1,10 --repeat 3")
	@$(AS_ROOT) .venv/bin/python -m tools.bench $(BENCH)
	@$(MAKE) --no-print-directory bench-contract
	@$(MAKE) --no-print-directory bench-render

.PHONY: bench-contract
bench-contract: env ## measure checking 100, 1,000 and 10,000 requests in one call
	@.venv/bin/python -m tools.bench.contract

.PHONY: bench-render
bench-render: env ## measure designing and rendering 1,000 and 10,000 servers against lxml alone
	@.venv/bin/python -m tools.bench.render

.PHONY: beside
beside: # what runs one after the other while the guests of `integration` boot
	@$(MAKE) --no-print-directory sanity
	@$(MAKE) --no-print-directory lab
	@$(MAKE) --no-print-directory molecule
	@$(MAKE) --no-print-directory fuzz FUZZ_SEED=fixed

.PHONY: test
test: ## set everything up and run every check
	@$(MAKE) --no-print-directory env-dev packages
	@$(MAKE) --no-print-directory guest
	@$(MAKE) --no-print-directory -j2 --output-sync=target typing lint unit conformance
	@$(MAKE) --no-print-directory -j2 --output-sync=target integration beside
	@echo "All checks passed."
