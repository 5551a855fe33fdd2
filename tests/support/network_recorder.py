"""Runs a command where every packet to another machine is recorded, and none arrives.

As a program, in new network and mount namespaces, its arguments are the report to write and a
command. There is a loopback interface, and one interface (TUN) that has the default routes; this
program reads its packets. A connection, a datagram or a DNS lookup of any process, native code
included, is in the report with its destination, whether or not it would succeed. The resolver of
the namespace is beyond that interface too. What the kernel itself sends (ICMPv6, IGMP) is left out.
Before the command, a control in other processes makes one attempt of each kind.
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
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

#: From linux/if_tun.h.
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_DEVICE = "recorder"
_ADDRESS, _RESOLVER, _ADDRESS_6 = "10.231.0.2/24", "10.231.0.53", "fd00:231::2/64"
_ICMP6, _IGMP, _HOP_BY_HOP, _TCP, _UDP = 58, 2, 0, 6, 17
#: Directories with sockets of name services, which look names up outside of the namespace.
_NAME_SERVICES = ("/run/systemd/resolve", "/run/nscd", "/var/run/nscd")
#: Attempts of the control, each in a process of its own.
_CONTROL = (
    "import socket; s = socket.socket(); s.settimeout(0.2); s.connect(('192.0.2.1', 443))",
    "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'?', ('192.0.2.2', 9))",
    "import socket; s = socket.socket(socket.AF_INET6); s.settimeout(0.2); "
    "s.connect(('2001:db8::1', 443))",
    "import socket; socket.getaddrinfo('control.example', 80)",
)
_CONTROL_S = 3.0


def namespace_command() -> list[str]:
    """Return the start of a command that enters the namespaces; empty: none are granted."""
    if not (unshare := shutil.which("unshare")) or not shutil.which("ip"):
        return []
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = [unshare, *as_root, "--net", "--mount"]
    probe = [*command, "ip", "tuntap", "add", "dev", _DEVICE, "mode", "tun"]
    return command if subprocess.run(probe, capture_output=True).returncode == 0 else []


def record(report: Path, command: Sequence[str], timeout_s: float) -> dict[str, list[str]]:
    """Run a command in the namespaces, and return what was recorded.

    Parameters
    ----------
    report
        A file to write.
    command
        The command.
    timeout_s
        Seconds after which it is ended.

    Returns
    -------
    dict
        ``control`` and ``attempts``: destinations of the control, and of the command.
    """
    program = [*namespace_command(), sys.executable, __file__, str(report), *command]
    # Chromium has a socket there, whose path must be short.
    environment = {**os.environ, "TMPDIR": "/tmp"}
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=timeout_s, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = json.loads(report.read_text())
    return found


class _Recorder:
    """Reads packets from a new interface, in a thread."""

    def __init__(self) -> None:
        self.destinations: list[str] = []
        self._tun = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", _DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(self._tun, _TUNSETIFF, request)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            destination = destination_of(os.read(self._tun, 65_536))
            if destination and destination not in self.destinations:
                self.destinations.append(destination)


def destination_of(packet: bytes) -> str:
    """Return where an IP packet goes: protocol, address, port, name; empty: one of the kernel."""
    version = packet[0] >> 4
    if version == 4:
        protocol, address = packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20])
        payload = packet[4 * (packet[0] & 15) :]
    else:
        protocol, address = packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40])
        payload = packet[40:]
    if protocol in (_ICMP6, _IGMP, _HOP_BY_HOP):
        return ""
    if protocol not in (_TCP, _UDP):
        return f"protocol {protocol} to {address}"
    port = int.from_bytes(payload[2:4], "big")
    if protocol == _UDP and port == 53:
        return f"lookup of {_name(payload[8 + 12 :])}"
    return f"{'tcp' if protocol == _TCP else 'udp'} to {address} port {port}"


def _name(question: bytes) -> str:
    """Return the name in a DNS question (RFC 1035, 4.1.2)."""
    labels, at = [], 0
    while at < len(question) and question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


def _set_up() -> _Recorder:
    recorder = _Recorder()
    for arguments in (
        "link set lo up",
        f"link set {_DEVICE} up",
        f"addr add {_ADDRESS} dev {_DEVICE}",
        f"route add default dev {_DEVICE}",
    ):
        subprocess.run(["ip", *arguments.split()], check=True)
    for arguments in (f"addr add {_ADDRESS_6} dev {_DEVICE}", f"route add default dev {_DEVICE}"):
        # A machine without IPv6 has nothing to record there.
        subprocess.run(["ip", "-6", *arguments.split()], capture_output=True)
    resolver = Path(os.environ.get("TMPDIR", "/tmp")) / f"resolv-{os.getpid()}.conf"
    resolver.write_text(f"nameserver {_RESOLVER}\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    resolver.unlink()
    for directory in _NAME_SERVICES:
        if Path(directory).is_dir():
            subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
    return recorder


def main() -> int:
    """Record the control and the command of the arguments; return the command's exit status."""
    report, *command = sys.argv[1:]
    recorder = _set_up()
    children = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        for program in _CONTROL
    ]
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(_CONTROL_S)
        child.kill()
        child.wait()
    time.sleep(0.2)  # the reader may be behind
    control, recorder.destinations = recorder.destinations, []
    status = subprocess.run(command).returncode
    time.sleep(0.2)
    Path(report).write_text(
        json.dumps({"control": sorted(control), "attempts": recorder.destinations})
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
