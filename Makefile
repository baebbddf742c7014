# Every target sets up .venv by itself, so a fresh clone needs nothing by hand:
#   make demo               train on an imbalanced set, print and draw what came out
#   make test
#   make PYTHON=python3.12 test
PYTHON ?= python3
# 0 builds the documentation without running the examples of the gallery.
GALLERY ?= 1
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_DOCS := .venv/.installed-docs

.PHONY: help install demo test lint bench results docs clean

help:
	@echo "make demo   train on an imbalanced data set and draw the result"
	@echo "make test   run the tests, as many at a time as there are cores"
	@echo "make lint   check style, formatting, types and imports"
	@echo "make bench  compare methods on small images, and draw the report (a minute and a half)"
	@echo "make results  write the stored results into README and benchmarks/results"
	@echo "make docs   build the documentation into docs/_build/html, and check its links"
	@echo "make clean  remove everything that the targets above made here"

install: $(INSTALLED)

# The stamp is written last: an installation that broke half-way is done again.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

$(INSTALLED_DOCS): $(INSTALLED)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[docs]'
	@touch $@

demo: $(INSTALLED)
	$(BIN)/equipoise demo

test: $(INSTALLED)
	$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(INSTALLED)
	$(BIN)/equipoise bench run benchmarks/digits.toml --jobs 2 --results runs/bench
	$(BIN)/equipoise bench report benchmarks/digits.toml --results runs/bench --out runs/bench/digits.html

results: $(INSTALLED)
	for name in images tables; do $(BIN)/equipoise bench report benchmarks/$$name.toml \
		--readme README.md --markdown benchmarks/results/$$name.md || exit 1; done
	for name in cifar real_tables; do $(BIN)/equipoise bench report benchmarks/$$name.toml \
		--markdown benchmarks/results/$$name.md || exit 1; done

docs: $(INSTALLED_DOCS)
	rm -rf docs/generated docs/gallery
	$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going -D plot_gallery=$(GALLERY) \
		-b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html README.md CONTRIBUTING.md

clean:
	rm -rf .venv build dist docs/_build docs/generated docs/gallery .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
