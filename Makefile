# Everything here starts from a fresh checkout: Python 3.11 or newer and make are all it needs.
# Written for GNU Make 3.81 too, which is what macOS has.

BIN := .venv/bin
UV := $(BIN)/uv
INSTALLED := .venv/installed
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" --quiet $(UPGRADE)

PAGE := src/model_playground/server/page/index.html
PAGE_SOURCES := $(wildcard web/*.html web/*.json web/*.ts) $(shell find web/src web/public -type f 2>/dev/null)
WEB_INSTALLED := web/node_modules/.installed
NODE_IS_NEW_ENOUGH := const [major, minor] = process.versions.node.split("."); \
	process.exit(major > 20 || major == 20 && minor >= 19 ? 0 : 1)
NPM := cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test check lint types contracts licences web-check bench lock page \
	catalogue docs dist clean node

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## Train on embedded data, print what was found and write demo-report/
	$(BIN)/playground demo --out demo-report

serve: $(INSTALLED) $(PAGE) ## Start the page on this machine
	$(BIN)/playground serve

# A thread for each of two processes: more only get in each other's way on two cores.
test: $(INSTALLED) ## Run the tests (PLAYGROUND_ALL_TESTS=1: the slow ones too)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -q $(TESTS)

check: lint types contracts licences web-check ## Check style, types, import contracts and licences

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)
	$(BIN)/mypy
	$(BIN)/mypy -p tools

contracts: $(INSTALLED)
	$(BIN)/lint-imports

licences: $(INSTALLED)
	$(BIN)/python tools/check_licences.py

web-check: $(WEB_INSTALLED) | node
	$(NPM) run check

bench: $(INSTALLED) ## Measure start-up times and the losses against their peers
	@for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark || exit 1; done

lock: $(UV) ## Resolve the requirements anew (UPGRADE=--upgrade: to their newest versions)
	$(COMPILE) pyproject.toml --extra all --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra all --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(COMPILE) --group node --output-file requirements-node.lock

page: $(PAGE) ## Build the web page into the package

catalogue: $(INSTALLED) ## Write what the losses say of themselves, for listings without torch
	$(BIN)/python -m model_playground.losses.catalogue

docs: $(INSTALLED) ## Write the pages of losses, formats and checks from their declarations
	$(BIN)/python -m tools.loss_pages
	$(BIN)/python -m tools.format_page
	$(BIN)/python -m tools.check_page

dist: $(INSTALLED) page catalogue ## Build the wheel, with the page and the catalogue in it
	rm -rf dist
	$(BIN)/hatchling build --target wheel

clean: ## Remove what was built, but not what was installed
	rm -rf build dist demo-report $(dir $(PAGE)) \
		src/model_playground/losses/catalogue.json \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The first requirement is read out of the lock by itself, so that uv too is checked by its hash.
$(UV):
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer with its venv module was not found. Install it (Debian, Ubuntu:" \
			"apt install python3-venv) or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$($$found --version)"; \
	$$found -m venv --clear .venv
	@sed -n '/^uv==/,/# via/p' requirements-dev.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt

$(INSTALLED): requirements-dev.lock pyproject.toml | $(UV)
	@echo "Installing the pinned requirements into .venv (the first time: some minutes)"
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Node from this machine if it is new enough, else the one that PyPI has as a wheel.
node: $(INSTALLED)
	@PATH="$(CURDIR)/$(BIN):$$PATH"; \
	{ node -e '$(NODE_IS_NEW_ENOUGH)' && npm --version; } >/dev/null 2>&1 || \
		$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-node.lock

$(WEB_INSTALLED): web/package.json web/package-lock.json | node
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(PAGE): $(WEB_INSTALLED) $(PAGE_SOURCES) | node
	$(NPM) run build
