# SPDX-License-Identifier: GPL-3.0-or-later
# Every entry point of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: env
env: ## prepare .venv with the pinned dependencies
	@tools/env.sh

.PHONY: env-dev
env-dev: env ## the same, with what the checks need
	@tools/env.sh requirements-dev.txt

CASES ?= tests/conformance/cases

.PHONY: conformance
conformance: env-dev ## hold the contract against cases computed by Nova (CASES=DIR for other ones)
	@.venv/bin/python -m tests.conformance $(CASES)
