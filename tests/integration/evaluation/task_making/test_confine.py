"""A confined process: what it may not do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_safecoder.evaluation.task_making.confine import (
    REFUSE_CONNECTIONS,
    confined_command,
    namespace_command,
    without_proxies,
)

LIMITS = """
import json, resource, socket
print(json.dumps({
    "memory": resource.getrlimit(resource.RLIMIT_DATA),
    "file": resource.getrlimit(resource.RLIMIT_FSIZE),
    "interfaces": [name for _, name in socket.if_nameindex()],
}))
"""
CONNECT = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=5).close()
socket.getaddrinfo("localhost", 80)
for connect in (
    lambda: socket.create_connection(("192.0.2.1", 443), timeout=5),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
    lambda: socket.getaddrinfo("example.org", 80),
):
    try:
        connect()
    except ConnectionRefusedError as error:
        print(error)
"""


def run(*command: str) -> str:
    """Return the output of a command."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_memory_and_files_are_bounded(tmp_path: Path) -> None:
    limits = json.loads(run(*confined_command([sys.executable, "-c", LIMITS], 2**32)))
    assert limits["memory"] == [2**32, 2**32]
    assert limits["file"] == [2**30, 2**30]
    if namespace_command():
        assert limits["interfaces"] == ["lo"]


def test_loopback_works() -> None:
    code = CONNECT.partition("socket.getaddrinfo")[0] + "\nprint('connected')"
    assert run(*confined_command([sys.executable, "-c", code])) == "connected\n"


def test_connections_are_refused_where_there_is_no_namespace() -> None:
    output = run(sys.executable, "-c", REFUSE_CONNECTIONS + CONNECT)
    assert output == "This kernel is offline.\n" * 3


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "All_Proxy", "no_proxy"])
def test_proxies(name: str) -> None:
    assert without_proxies({name: "http://192.0.2.1", "HOME": "/"}) == {"HOME": "/"}
