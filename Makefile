# make lab    a JupyterLab with completions, on notebooks/
# make test   everything that must hold, from nothing but Python, Node and make
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
LAB_BUNDLE := jupyter_safecoder/labextension/package.json
LAB_SOURCES := $(shell find labextension/src labextension/schema labextension/style -type f) \
  $(wildcard labextension/*.json labextension/*.js labextension/*.mjs labextension/yarn.lock)

# Yarn does not read npm's configuration: tell it which registry and which certificates npm uses.
# Exported, because building the Python package may run yarn too.
NPM_REGISTRY := $(filter http%,$(shell npm config get registry 2>/dev/null))
ifneq ($(NPM_REGISTRY),)
export YARN_NPM_REGISTRY_SERVER := $(NPM_REGISTRY)
endif
NPM_CERTIFICATES := $(filter-out null undefined,$(shell npm config get cafile 2>/dev/null))
ifneq ($(NPM_CERTIFICATES),)
export NODE_EXTRA_CA_CERTS := $(NPM_CERTIFICATES)
endif
JLPM := cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm
# What we start asks nobody for news: no JupyterLab announcements, no update check.
NO_NEWS := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
QUIET := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

.PHONY: env lab lab-extension browser lint test-python test-typescript test-browser test-dist \
  test-oldest test dist clean

env: .venv/.installed

lab: env
	$(BIN)/jupyter lab $(QUIET) $(if $(filter 0,$(shell id -u)),--allow-root) notebooks

.venv/.tools: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt jupyter-builder
	touch $@

labextension/node_modules/.yarn-state.yml: .venv/.tools labextension/package.json labextension/yarn.lock
	$(JLPM) install --immutable
	touch $@

$(LAB_BUNDLE): labextension/node_modules/.yarn-state.yml $(LAB_SOURCES)
	$(JLPM) build:prod
	touch $@

lab-extension: $(LAB_BUNDLE)

.venv/.installed: .venv/.tools $(LAB_BUNDLE) pyproject.toml weights/pyproject.toml \
    jupyter-config/server-config/jupyter_safecoder.json
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e weights -e '.[local,onnxruntime,dev]'
	mkdir -p .venv/share/jupyter/lab/settings
	echo '$(NO_NEWS)' > .venv/share/jupyter/lab/settings/overrides.json
	touch $@

# Debian's and Ubuntu's browser where there is none yet.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$SUDO apt-get update -q && $$SUDO apt-get install -y -q --no-install-recommends chromium; }

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(JLPM) lint:check
	$(JLPM) typecheck

test-python: env
	$(BIN)/pytest -q --ignore=tests/browser --ignore=tests/dist

test-typescript: env
	$(JLPM) test

test-browser: env browser
	$(BIN)/pytest -q tests/browser

dist: env
	rm -rf dist
	$(BIN)/python -m build --wheel -o dist weights
	$(BIN)/python -m build -o dist .

test-dist: dist
	$(BIN)/pytest -q tests/dist

# The oldest versions that we support, in an environment of their own; apart from `make test`.
# JupyterLab 4.4 stops at a dialog for a kernel that is not installed: that one test is left out.
test-oldest: dist browser
	$(PYTHON) -m venv .venvs/oldest
	grep -vE '^(jupyterlab|notebook)==' constraints.txt > .venvs/oldest/constraints.txt
	.venvs/oldest/bin/pip install -q -c .venvs/oldest/constraints.txt 'jupyterlab==4.4.*' \
	  'notebook==7.4.*' dist/jupyter_safecoder-*.whl \
	  pytest pytest-timeout 'pytest-jupyter[server]' playwright jsonschema psutil
	.venvs/oldest/bin/pytest -q tests/browser \
	  --ignore tests/browser/test_embedded.py --ignore tests/browser/test_loopback_alone.py \
	  --deselect 'tests/browser/test_documents.py::test_the_language_of_the_kernel[metadata1-r]'

# Every part runs, also after one failed; the summary tells.
test: env browser
	@bash tests/run_all.sh

clean:
	rm -rf .venv .venvs dist labextension/node_modules labextension/lib jupyter_safecoder/labextension
