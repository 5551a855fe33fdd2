"""Importing the server extension is fast, and works in a thin installation."""

from __future__ import annotations

import json

from tests.support.processes import run_python

IMPORT = """
import json, sys, time
import jupyter_server.serverapp, jupyter_server.extension.application
before = set(sys.modules)
started = time.perf_counter()
import jupyter_safecoder.extension
seconds = time.perf_counter() - started
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
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


def test_the_extension_imports_nothing_heavy() -> None:
    seconds, modules = min(json.loads(run_python(IMPORT).stdout) for _ in range(3))
    assert not HEAVY & set(modules)
    assert seconds < 0.15


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
