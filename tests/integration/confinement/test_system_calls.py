"""The kernel of the system denies the network to native code, threads and children."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.processes import run_python

PROGRAM = """
import ctypes, errno, json, os, socket, subprocess, sys, threading
from jupyter_safecoder.confinement import confinement, deny_network
libc = ctypes.CDLL(None, use_errno=True)
def native(family):
    descriptor = libc.socket(family, socket.SOCK_DGRAM, 0)
    if descriptor < 0:
        return errno.errorcode[ctypes.get_errno()]
    os.close(descriptor)
    return "open"
ready, results = threading.Event(), {}
def earlier_thread():
    ready.wait()
    results["thread"] = native(socket.AF_INET)
thread = threading.Thread(target=earlier_thread)
thread.start()
results["before"] = native(socket.AF_INET)
results["reason"], results["again"] = deny_network(), deny_network()
ready.set()
thread.join()
for name in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"):
    results[name] = native(getattr(socket, name))
results["io_uring"] = errno.errorcode[(libc.syscall(425, 8, 0) and ctypes.get_errno()) or 0]
child = "import socket\\ntry: socket.socket()\\nexcept PermissionError: print('denied')"
command = [sys.executable, "-c", child]
results["child"] = subprocess.run(command, capture_output=True, text=True).stdout.strip()
results["state"] = confinement().denied
print(json.dumps(results))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux filters system calls.")
def test_no_socket_for_a_network_can_be_made() -> None:
    results = json.loads(run_python(PROGRAM).stdout)
    if results["reason"]:
        pytest.skip(f"This system denies no network: {results['reason']}")
    assert results == {
        "reason": "",
        "again": "",
        "before": "open",
        "thread": "EACCES",
        "AF_INET": "EACCES",
        "AF_INET6": "EACCES",
        "AF_UNIX": "open",
        "AF_NETLINK": results["AF_NETLINK"],
        "AF_PACKET": "EACCES",
        "AF_VSOCK": "EACCES",
        "AF_ALG": "EACCES",
        "io_uring": "EACCES",
        "child": "denied",
        "state": True,
    }


def test_another_architecture_is_not_filtered() -> None:
    program = """
import platform
platform.machine = lambda: "pdp11"
from jupyter_safecoder.confinement import confinement, deny_network
print(deny_network(), confinement().denied)
"""
    assert "There is no filter of system calls for" in run_python(program).stdout
    assert run_python(program).stdout.strip().endswith("False")
