"""Importing the server extension imports little, and works in a thin installation.

``python -m benchmarks imports`` measures how long it takes.
"""

from __future__ import annotations

import json
import sys

from tests.support.processes import run_python

IMPORT = """
import json, sys
import jupyter_server.serverapp, jupyter_server.extension.application
before = set(sys.modules)
import jupyter_safecoder.extension
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {
    "torch",
    "transformers",
    "openvino",
    "openvino_genai",
    "tokenizers",
    "aiohttp",
    "httpx",
    "numpy",
}


def test_the_extension_imports_nothing_that_the_server_has_not() -> None:
    modules = {name.partition(".")[0] for name in json.loads(run_python(IMPORT).stdout)}
    assert modules - set(sys.stdlib_module_names) == {"jupyter_safecoder"}


def test_the_package_imports_nothing_heavy() -> None:
    code = "import json, sys, jupyter_safecoder; print(json.dumps(sorted(sys.modules)))"
    modules = set(json.loads(run_python(code).stdout))
    assert not (HEAVY | {"tornado", "jupyter_server"}) & modules


def test_the_magics_import_nothing_heavy() -> None:
    code = (
        "import json, sys, jupyter_safecoder.magics.magic; print(json.dumps(sorted(sys.modules)))"
    )
    modules = set(json.loads(run_python(code).stdout))
    heavy = {"peft", "accelerate", "matplotlib", "ipywidgets", "datasketch"}
    assert not (HEAVY | heavy) & modules


def test_jupyter_server_finds_the_extension() -> None:
    code = (
        "import jupyter_safecoder as s; "
        "print(s._jupyter_server_extension_points()[0]['app'].name, "
        "s._jupyter_labextension_paths()[0]['dest'])"
    )
    assert run_python(code).stdout.split() == ["jupyter_safecoder", "jupyter-safecoder"]
