# make run    sets up, builds the index when it is missing or stale, serves on http://127.0.0.1:7860
# make test   sets up and runs everything a developer needs: lint, types, tests
# make ask Q="女性の創業支援は？"
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test ask setup lint types tests index eval clean

run: setup
	$(BIN)/shisaku serve

ask: setup
	@$(BIN)/shisaku ask -- "$$Q"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $(STAMP)

test: lint types tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

tests: setup
	bash tests/install_browser.sh
	$(BIN)/pytest

index: setup
	$(BIN)/shisaku index

eval: setup
	$(BIN)/shisaku eval

clean:
	rm -rf $(VENV) index build dist *.egg-info
