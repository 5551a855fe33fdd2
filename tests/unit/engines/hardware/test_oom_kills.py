"""The kernel's counters of processes that it ended for lack of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.hardware.oom_kills import has_oom_killed, oom_kills


def _write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("cgroup", "file", "text"),
    [
        ("0::/pod/job\n", "sys/fs/cgroup/pod/job/memory.events", "low 0\noom 2\noom_kill {}\n"),
        (
            "4:memory:/job\n",
            "sys/fs/cgroup/memory/job/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n",
        ),
        ("", "proc/vmstat", "nr_free_pages 5\noom_kill {}\n"),
    ],
)
def test_a_counter_that_rises(tmp_path: Path, cgroup: str, file: str, text: str) -> None:
    _write(tmp_path, "proc/self/cgroup", cgroup)
    _write(tmp_path, file, text.format(3))
    counters = oom_kills(tmp_path)
    assert counters == {str(tmp_path / file): 3}
    assert not has_oom_killed(counters)
    _write(tmp_path, file, text.format(4))
    assert has_oom_killed(counters)


def test_a_machine_without_counters(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == {}
    assert not has_oom_killed({})
    assert not has_oom_killed({str(tmp_path / "gone"): 1})
