# Thin over nox (noxfile.py) and .ci; everything runs in the one .venv.
.DEFAULT_GOAL := help
NOX := .venv/bin/nox --report build/nox.json
LINT := ruff yamllint extra-checks antsibull-nox-config ansible-lint shellcheck changelog

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## Make .venv with every tool, and linuxsan.host found from this checkout

.venv/ready: requirements-dev.txt .ci/setup
	@.ci/setup

packages: ## Install the system packages of the lab and the tests, when missing
	@.ci/packages

demo: setup packages ## Build the lab, connect an initiator, measure, write build/demo/report.html
	tests/demo/run

test: setup packages ## Run the whole suite, cheap steps first
	@mkdir -p build
	$(NOX) -s $(LINT) sanity units docs molecule

lint: setup ## ruff, yamllint, ansible-lint, antsibull-nox's checks, shellcheck, changelog
	@mkdir -p build
	$(NOX) -s $(LINT)

format: setup ## Let ruff lay out the Python files and mend what it safely can
	.venv/bin/ruff check --fix-only --quiet
	.venv/bin/ruff format

sanity: setup ## ansible-test sanity, all tests, no ignores
units: setup ## Unit tests, on this Python and on the oldest at hand
docs: setup ## Lint the plugins' documentation and build the docsite in build/docs
molecule: setup packages ## The scenarios default and refusals on the lab, or SCENARIO=name
bench: setup packages ## Benchmarks against peers: build/bench/results.json
dist: setup ## Build the collection's tarball in build/dist

sanity units docs molecule bench dist:
	@mkdir -p build
	$(NOX) -s $@ $(if $(SCENARIO),-- $(SCENARIO))

clean: ## Stop the lab and remove what was made, except .venv
	@if [ -d build/lab ]; then tests/lab/lab down; fi
	rm -rf build .ansible .hypothesis .ruff_cache

.PHONY: help setup packages demo test lint format sanity units docs molecule bench dist clean
