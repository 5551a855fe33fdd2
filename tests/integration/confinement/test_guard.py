"""Python code in a guarded process reaches this machine and the allowed addresses alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.processes import run_python

#: Runs ``attempts``, a list of functions, in a guarded process; prints how each ended.
PROGRAM = """
import json, logging, socket, sys, urllib.request
from jupyter_safecoder.confinement import Address, allow, confinement, guard_connections
lines = []
class Lines(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())
logging.getLogger().addHandler(Lines())
# Names are resolved from a table: no test asks a resolver.
resolve = socket.getaddrinfo
def table(host, *args, **options):
    sys.audit("socket.getaddrinfo", host, *(*args, 0, 0, 0, 0)[:4])
    if host in ("llm.example", b"llm.example"):
        host = "127.0.0.9"
    return resolve(host, *args, **options)
socket.getaddrinfo = table
guard_connections([Address("llm.example", 9), Address("192.0.2.5")])
guard_connections()
def tcp(host, port=9):
    socket.socket().connect((host, port))
def udp(host):
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"text", (host, 53))
def message(host):
    socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"text"], [], 0, (host, 53))
attempts = [ATTEMPTS]
ends = []
for attempt in attempts:
    try:
        ends.append(repr(attempt()))
    except Exception as error:
        ends.append(f"{type(error).__name__}: {error}")
held = confinement()
print(json.dumps({"ends": ends, "lines": lines, "refused": held.refused,
    "guarded": held.guarded, "denied": held.denied, "allowed": held.allowed}))
"""


def run(*attempts: str) -> dict[str, Any]:
    text = ", ".join(f"lambda: {attempt}" for attempt in attempts)
    result: dict[str, Any] = json.loads(run_python(PROGRAM.replace("ATTEMPTS", text)).stdout)
    return result


def test_connections_elsewhere_are_refused_logged_once_and_counted() -> None:
    result = run(
        "tcp('192.0.2.1')",
        "tcp('192.0.2.1', 443)",
        "udp('192.0.2.1')",
        "message('198.51.100.1')",
        "tcp(b'192.0.2.1')",
        "urllib.request.urlopen('http://192.0.2.1/')",
        "socket.create_connection(('text-of-a-cell.evil.example', 80))",
        "socket.getaddrinfo('text-of-a-cell.evil.example', 80)",
        "socket.gethostbyname('evil.example')",
        "socket.gethostbyaddr('192.0.2.1')",
        "socket.getnameinfo(('192.0.2.1', 80), 0)",
    )
    assert all("SafeCoder refuses connections to" in end for end in result["ends"])
    assert result["refused"] == len(result["ends"])
    assert [line.partition(" One ")[0] for line in result["lines"]] == [
        "SafeCoder refuses connections to 192.0.2.1.",
        "SafeCoder refuses connections to 198.51.100.1.",
        "SafeCoder refuses connections to evil.example.",
    ]
    assert "text-of-a-cell" not in json.dumps(result)


def test_this_machine_and_allowed_addresses_are_reached() -> None:
    result = run(
        "tcp('127.0.0.1')",
        "tcp('localhost')",
        "socket.create_connection(('llm.example', 9))",
        "socket.getaddrinfo('llm.example', 9)[0][4][0]",
        "socket.socketpair() and None",
        "socket.getaddrinfo(None, 9) and None",
    )
    refused, unresolved = "ConnectionRefusedError: [Errno 111] Connection refused", "'127.0.0.9'"
    assert result["ends"] == [refused, refused, refused, unresolved, "None", "None"]
    assert (result["refused"], result["lines"]) == (0, [])
    assert result["guarded"]
    assert not result["denied"]
    assert result["allowed"] == ["192.0.2.5", "llm.example:9"]


def test_an_address_that_is_allowed_later() -> None:
    result = run(
        "tcp('192.0.2.77')",
        "allow(Address('192.0.2.77', 9))",
        "allow(None)",
        "sys.audit('socket.connect', socket.socket(), ('192.0.2.77', 9))",
        "sys.audit('socket.connect', socket.socket(), ('192.0.2.77', 10))",
    )
    assert [end.partition(":")[0] for end in result["ends"]] == [
        "ConnectionRefusedError",
        "None",
        "None",
        "None",
        "ConnectionRefusedError",
    ]


def test_other_families_of_sockets_are_refused() -> None:
    result = run("socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 9))")
    if "not supported" in result["ends"][0]:
        pytest.skip("This system has no sockets to its host.")
    assert "a socket of family" in result["ends"][0]


def test_the_package_that_connects_is_named() -> None:
    result = run("__import__('httpx').get('http://192.0.2.1/')")
    assert "tried by httpcore" in result["lines"][0]
