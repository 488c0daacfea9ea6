# make demo    the flagship circuit learns to read digits; the report is runs/digits_hierarchy/report/report.html
# make test    style, types and every test
# make faults  kills a run 100 times, refuses every one of its writes, fails the power 300 times, and reads 2,000 damaged files; the tests
#              do some of that
# All prepare the environment .venv first, once. PYTHON names the interpreter, 3.11 or later.

PYTHON ?= python3
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := digits_hierarchy

.PHONY: demo test faults lint install clean

demo: install
	$(BIN)/bio-fa run experiments/$(DEMO).toml --output runs/$(DEMO) --overwrite

# A worker computes on one core, so that workers do not compete for them.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

faults: install
	OMP_NUM_THREADS=1 BIO_FA_KILLS=60 BIO_FA_STRIDE=1 BIO_FA_STATES=100 BIO_FA_FAULTS=all $(BIN)/python -m pytest -n $(WORKERS) tests/faults

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[brian2,browser,nwb,readers,search,slurm,test]'
	touch $@

# Runs are kept: they are results.
clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
