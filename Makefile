# Two commands that need nothing but python3 (3.11 or newer, with venv) and a package index
# that pip reaches. They make .tools/ (uv and nox, as locked) and call sessions of the noxfile.

PYTHON ?= python3
NOX := .tools/bin/nox

.DEFAULT_GOAL := help
.PHONY: help demo test tools clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: tools ## run a small machine-learning pipeline here, and read its records
	@$(NOX) -s demo

test: tools ## run what CI runs: lint, types, import rules, all tests, the docs' code, the wheels
	@rm -rf .nox/reports
	@.tools/bin/python tools/side_by_side.py

tools: .tools/ready ## make .tools/ (the other commands do this themselves)

.tools/ready: locks/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Skylift needs Python 3.11 or newer, and '$(PYTHON)' is $$(command -v $(PYTHON) >/dev/null && $(PYTHON) --version 2>&1 || echo not there): install one, or say make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Skylift needs Python's venv module, and '$(PYTHON)' lacks it: install it (on Debian and Ubuntu: apt install python3-venv), or say make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -m venv --clear .tools
	@.tools/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r locks/tools.txt
	@touch $@

clean: ## remove .tools/ and every environment
	rm -rf .tools .nox
