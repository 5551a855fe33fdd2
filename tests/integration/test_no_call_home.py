"""A runtime completes without an attempt to reach another machine; each attempt is recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.network_recorder import namespace_command, record

#: Completes with the embedded model, in a runtime that this process starts.
COMPLETE = """
from jupyter_safecoder.clients.discovery import own_runtime
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.settings import RuntimeSettings
with own_runtime(RuntimeSettings()) as runtime:
    runtime.wait_until_ready()
    assert runtime.complete(CompletionRequest("import numpy as ", "")).completion_tokens
"""
#: Tries to reach other machines from native code, which no audit hook sees.
NATIVE = """
import ctypes, socket
libc = ctypes.CDLL(None)
address = socket.AF_INET.to_bytes(2, "little") + (443).to_bytes(2, "big") + bytes([192, 0, 2, 9])
descriptor = libc.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0)
libc.connect(descriptor, address + bytes(8), 16)
libc.gethostbyname(b"native.example")
"""


@pytest.fixture(autouse=True)
def _namespace() -> None:
    if not namespace_command():
        pytest.skip("No network namespace with an interface of its own (TUN) can be created.")


def test_attempts_of_native_code_are_recorded(tmp_path: Path) -> None:
    found = record(tmp_path / "report.json", [sys.executable, "-c", NATIVE], 60)
    assert {"lookup of control.example", "tcp to 192.0.2.1 port 443"} <= set(found["control"])
    assert found["attempts"] == ["tcp to 192.0.2.9 port 443", "lookup of native.example"]


def test_a_completion_of_the_embedded_model(tmp_path: Path) -> None:
    found = record(tmp_path / "report.json", [sys.executable, "-c", COMPLETE], 120)
    assert found["attempts"] == []


def test_native_code_where_the_system_denies_the_network(tmp_path: Path) -> None:
    program = f"from jupyter_safecoder.confinement import deny_network\ndeny_network()\n{NATIVE}"
    found = record(tmp_path / "report.json", [sys.executable, "-c", program], 60)
    assert found["attempts"] == []
