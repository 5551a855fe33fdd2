"""Importing the server extension is cheap: a thin install works, and no server starts late."""

from __future__ import annotations

import json

from tests.support.processes import run_python

IMPORT = """
import json, sys, time
import jupyter_server.serverapp, jupyter_server.extension.application
before = set(sys.modules)
began = time.perf_counter()
import jupyter_safecoder.extension
took = time.perf_counter() - began
print(json.dumps([took, sorted(set(sys.modules) - before)]))
"""
HEAVY = {"torch", "transformers", "openvino", "openvino_genai", "tokenizers", "httpx", "numpy"}


def test_the_import_takes_nothing_heavy_along() -> None:
    took, modules = min(json.loads(run_python(IMPORT).stdout) for _ in range(3))
    assert not HEAVY & set(modules)
    assert took < 0.15


def test_the_package_itself_takes_nothing_heavy_along() -> None:
    code = "import json, sys, jupyter_safecoder; print(json.dumps(sorted(sys.modules)))"
    modules = set(json.loads(run_python(code).stdout))
    assert not (HEAVY | {"tornado", "jupyter_server"}) & modules


def test_the_magics_take_nothing_heavy_along() -> None:
    code = (
        "import json, sys, jupyter_safecoder.magics.magic; print(json.dumps(sorted(sys.modules)))"
    )
    modules = set(json.loads(run_python(code).stdout))
    heavy = {"peft", "accelerate", "matplotlib", "ipywidgets", "datasketch", "detect_secrets"}
    assert not ((HEAVY | heavy) - {"httpx"}) & modules


def test_jupyter_server_finds_the_extension() -> None:
    code = (
        "import jupyter_safecoder as s; "
        "print(s._jupyter_server_extension_points()[0]['app'].name, "
        "s._jupyter_labextension_paths()[0]['dest'])"
    )
    assert run_python(code).stdout.split() == ["jupyter_safecoder", "jupyter-safecoder"]
