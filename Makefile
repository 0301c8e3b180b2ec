# Two commands do everything: `make run` opens the chat, `make test` runs the whole suite.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-training install format clean

run: install
	$(BIN)/qa serve

test: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

# The code that makes the model needs torch and more, which `make test` does without.
test-training: .venv/training
	$(BIN)/pytest tests/test_training.py tests/test_training_evidence.py tests/test_sentence_encoder.py

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

.venv/training: .venv/tested
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[training]'
	touch $@

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .qa build dist *.egg-info
