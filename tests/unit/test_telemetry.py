"""Dependencies send nothing: their switches are set before they are imported."""

from __future__ import annotations

import json

import pytest

from tests.support.processes import run_python

CODE = """
import json, os, sys
from jupyter_safecoder.telemetry import silence_telemetry
silence_telemetry({arguments})
try:
    import openvino_telemetry
    imported = True
except ImportError:
    imported = False
names = ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
print(json.dumps([imported, [os.environ.get(name, "") for name in names]]))
"""


@pytest.mark.parametrize(("arguments", "offline"), [("", "1"), ("offline=False", "")])
def test_switches(arguments: str, offline: str) -> None:
    environment = {"HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": ""}
    done = run_python(CODE.format(arguments=arguments), **environment)
    assert json.loads(done.stdout) == [False, ["1", "1", offline, offline]]
