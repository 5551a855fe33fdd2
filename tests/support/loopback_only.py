"""Runs tests in a new network namespace and reports the kernel's counters of it.

As a program, in the new namespace, its arguments are the report to write and the tests to run; see
``test_loopback_only.py``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_SIOCSIFFLAGS, _SIOCSIFADDR, _IFF_UP = 0x8914, 0x8916, 0x1
#: Chromium checks for IPv6 by asking the kernel for a route to this address; it sends nothing. The
#: loopback interface gets the address, so that the check is not counted as a missing route.
_IPV6_PROBE = "2001:4860:4860::8888"


def namespace_command() -> list[str]:
    """Return the start of a command that enters a new network namespace; empty: none is granted."""
    if not (unshare := shutil.which("unshare")):
        return []
    command = [unshare, "--net"] if os.geteuid() == 0 else [unshare, "--map-root-user", "--net"]
    probe = subprocess.run([*command, "true"], capture_output=True)
    return command if probe.returncode == 0 else []


def main() -> int:
    """Run the tests and write the counters before and after them, and after a control."""
    report, tests = sys.argv[1:]
    with socket.socket() as any_ipv4:
        fcntl.ioctl(any_ipv4, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    with socket.socket(socket.AF_INET6) as any_ipv6, suppress(OSError):  # a machine without IPv6
        probe = socket.inet_pton(socket.AF_INET6, _IPV6_PROBE)
        request = struct.pack("16sIi", probe, 128, socket.if_nametoindex("lo"))
        fcntl.ioctl(any_ipv6, _SIOCSIFADDR, request)
    counters = {"before": _counters()}
    # Without pytest's cache, which the outer run uses.
    flags = ["-q", "-p", "no:cacheprovider"]
    status = subprocess.run([sys.executable, "-m", "pytest", *flags, tests]).returncode
    counters["after"] = _counters()
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family) as stream, suppress(OSError):
            stream.connect((address, 443))
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        datagram.sendto(b"?", ("127.0.0.53", 53))
    counters["control"] = _counters()
    Path(report).write_text(json.dumps(counters))
    return status


def _counters() -> dict[str, int]:
    """Return how many packets had no route or no listener in this network namespace."""
    counters = {}
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        pairs = zip(names[1:], values[1:], strict=True)
        counters.update({f"{names[0]}{name}": int(value) for name, value in pairs})
    for line in Path("/proc/net/snmp6").read_text().splitlines():
        name, value = line.split()
        counters[name] = int(value)
    return {name: counters[name] for name in ("Ip:OutNoRoutes", "Ip6OutNoRoutes", "Udp:NoPorts")}


if __name__ == "__main__":
    sys.exit(main())
