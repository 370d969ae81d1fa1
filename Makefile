# `make demo` and `make test` are the only two commands anyone needs; each makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
# Two BLAS threads fight over small matrices; tests run in two processes instead.
ONE := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test test-full lint types layers unit examples docs bench clean

demo: .venv/ready
	$(BIN)/semnan demo --out demo

test: lint types layers unit examples

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

layers: .venv/ready
	$(BIN)/lint-imports

unit: .venv/ready
	$(ONE) $(BIN)/pytest -n 2

test-full: .venv/ready
	SEMNAN_FULL=1 $(ONE) $(BIN)/pytest -n 2 tests/identification

examples: .venv/ready
	for file in examples/*.py; do echo "== $$file"; MPLBACKEND=agg $(BIN)/python -W error $$file > /dev/null || exit 1; done

docs: .venv/ready
	$(BIN)/pip install --quiet -c constraints.txt -e ".[docs,plot]"
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: .venv/ready
	for name in fisher_cost memory paper_graphs convergence coverage identification; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

.venv/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[plot,test,lint]"
	touch $@

clean:
	rm -rf .venv demo docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
