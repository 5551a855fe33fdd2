"""Cores and memory that a process may use; whole machines: ``test_probe.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.hardware.cpu import available_bytes, granted_threads, probe_cpu


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_memory_is_unknown_without_the_kernels_files(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None


def test_the_smallest_limit_of_the_control_groups_counts(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "proc/meminfo": "MemTotal: 16 kB\nMemAvailable:    8000 kB\n",
            "proc/self/cgroup": "0::/user/job\n",
            "sys/fs/cgroup/user/job/memory.max": "max\n",
            "sys/fs/cgroup/user/memory.max": "5000000\n",
            "sys/fs/cgroup/user/memory.current": "3000000\n",
            "sys/fs/cgroup/user/memory.stat": "anon 5\ninactive_file 400000\n",
        },
    )
    # The page cache of unused files is freed when memory is needed.
    assert available_bytes(tmp_path) == 5_000_000 - 3_000_000 + 400_000


@pytest.mark.parametrize(
    ("allowed", "quota", "cores"),
    [("0-3,8", "max 100000", 5), ("0-3", "250000 100000", 2), ("0-3", "50000 100000", 1)],
)
def test_cores_are_those_allowed_and_granted(
    tmp_path: Path, allowed: str, quota: str, cores: int
) -> None:
    _write(
        tmp_path,
        {
            "proc/self/status": f"Name: x\nCpus_allowed_list:\t{allowed}\n",
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": f"{quota}\n",
        },
    )
    assert probe_cpu(tmp_path, "Linux", "x86_64").cores == cores


_STATUS = {"proc/self/status": "Cpus_allowed_list:\t0-63\n"}


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "270000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "30000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "6400000 100000\n"}, None),
        (
            {
                "proc/self/cgroup": "0::/kubepods/pod1/container\n",
                "sys/fs/cgroup/kubepods/pod1/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/kubepods/pod1/container/cpu.max": "max 100000\n",
            },
            4,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        (
            {
                "proc/self/status": "Cpus_allowed_list:\t3,7\n",
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/cpu.max": "800000 100000\n",
            },
            None,
        ),
    ],
)
def test_threads_are_those_that_the_control_group_grants(
    tmp_path: Path, files: dict[str, str], threads: int | None
) -> None:
    _write(tmp_path, _STATUS | files)
    assert granted_threads(tmp_path) == threads
    # Read again: a quota that has changed counts at the next start.
    _write(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"})
    assert granted_threads(tmp_path) == 1
