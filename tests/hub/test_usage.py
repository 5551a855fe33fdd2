"""Counts that a killed service does not lose, and limits that hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_safecoder.hub.database import Database
from jupyter_safecoder.hub.policy import Grant
from jupyter_safecoder.hub.usage import LimitReached, Usages


def test_counts_survive_and_add_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'usage.sqlite'}"
    program = (
        "import os, sys\n"
        "from jupyter_safecoder.hub.database import Database\n"
        "from jupyter_safecoder.hub.usage import Usages\n"
        "usages = Usages(Database(sys.argv[1]))\n"
        "for n in range(50):\n"
        "    usages.add('ada', 10, 1)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [-9, -9]
    usages = Usages(Database(url))
    assert usages.tokens_today("ada") == 2 * 50 * 11
    assert usages.tokens_today("bob") == 0
    assert [(row.person, row.requests) for row in usages.people()] == [("ada", 100)]


def test_the_day_s_tokens(tmp_path: Path) -> None:
    usages = Usages(Database(f"sqlite:///{tmp_path / 'usage.sqlite'}"))
    grant = Grant(tokens_a_day=100)
    usages.admit("ada", grant)
    usages.add("ada", 90, 9)
    usages.admit("ada", grant)
    usages.add("ada", 1, 0)
    with pytest.raises(LimitReached, match="100 tokens of this day") as raised:
        usages.admit("ada", grant)
    assert 0 < raised.value.retry_after_s <= 86_400
    usages.admit("bob", grant)


def test_requests_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usages = Usages(Database(f"sqlite:///{tmp_path / 'usage.sqlite'}"))
    grant = Grant(requests_a_minute=3)
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    for _ in range(3):
        usages.admit("ada", grant)
        now += 10
    with pytest.raises(LimitReached) as raised:
        usages.admit("ada", grant)
    assert raised.value.retry_after_s == pytest.approx(30)
    usages.admit("bob", grant)
    now += 30
    usages.admit("ada", grant)
