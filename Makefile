# Every target does its own set-up; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-destroy test check bench env sdk coverage screenshots clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv from the pinned requirements and provide the Pulumi engine
	@scripts/setup

demo: setup ## score handwritten digits through a batch endpoint that `pulumi up` makes (PORT=7444: another port)
	@scripts/demo

demo-destroy: setup ## destroy what the demo made and stop the local Azure ML
	@scripts/demo-destroy

test: setup ## run all tests (ARGS="tests/e2e -k digits" runs some)
	@scripts/test $(ARGS)

check: setup ## format, lint, types, layers, unit tests
	@scripts/check

bench: setup ## run all benchmarks (ARGS=lifecycle: that one; ARGS=--help lists them)
	@scripts/bench $(ARGS)

env: setup ## print the local stack's environment as export lines, to be evaluated by a shell
	@scripts/env
	@AZUREML_EMULATOR_HOME=.local/emulator .venv/bin/azureml-emulator status > /dev/null || echo "make env: the \
	local Azure ML is not running, so this has no sign-in: azureml-emulator start, then make env once more" >&2

sdk: setup ## write the typed resource classes again from the declarations
	@.venv/bin/python tools/generate_sdk.py

coverage: setup ## write docs/emulator-coverage.md again from the emulator's route table
	@.venv/bin/python tools/generate_coverage.py

screenshots: setup ## take the studio's pictures in docs/images again (needs chromium and chromium-driver)
	@scripts/toolchains
	@.venv/bin/python tools/take_screenshots.py

clean: ## stop the local Azure ML; remove what the demo, the tests and the tools left here
	@scripts/clean
