"""No text takes more than linear time: each pattern, and the whole detector, on hostile text.

The patterns are found in the modules, so that a new one is tested without an entry here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

import jupyter_safecoder.secrets
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import findings
from jupyter_safecoder.secrets.cell import MAX_CHARACTERS, search
from jupyter_safecoder.secrets.rules import load_rules

#: Characters of a hostile text, seconds for it, and attempts on a machine that does other work.
SIZE, BOUND_S, ATTEMPTS = 1_000_000, 1.0, 3
BEGINNINGS = ("", "password")
RUNS = (*(" ", "\n", '\\"', '"""', "login=", "eyJ-", "a%", "token"),)
#: With these the tests take minutes.
MORE_RUNS = (
    *("a", "0", "_", "-", ".", "\t", "'", "password=", "1:", "a7"),
    *("A", "é", "/", "=", "\\", '"', "a@", "a.", "1 ", "password ", "pw:", "pin ", "sk-", "://a:"),
    *("-----BEGIN RSA PRIVATE KEY-----", "curl -u ", "echo a ", "cookie=", "a=b;", "machine a "),
    *("<password>", "<a ", '"auth": "', "f('", "'a', ", "| a ", "key", "AKIA", "ab:", "a1-", "("),
    *("Passwort ist ", "user / ", "%env A", "PuTTY-User-Key-File-", "+49 1", "DE12 ", "4111 ", "#"),
    *("Cookie: a=b; ", "https://", "IDENTIFIED BY ", "x@y.", "2001:", "insert into ", "values('"),
)
each_run = pytest.mark.parametrize(
    "run", [*RUNS, *(pytest.param(run, marks=pytest.mark.slow) for run in MORE_RUNS)]
)


def hostile(run: str, beginning: str, size: int) -> str:
    return beginning + run * ((size - len(beginning)) // len(run))


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    package = jupyter_safecoder.secrets
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{info.name.rpartition('.')[2]}.{name}", value
    for rule in load_rules():
        yield f"rule {rule.id}", rule.regex


PATTERNS = dict(patterns())


def seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 100


@each_run
def test_a_pattern_takes_linear_time(run: str) -> None:
    slow = []
    texts = {share: hostile(run, "", int(share * SIZE)) for share in (0.1, 0.4)}
    large = hostile(run, "", SIZE)
    for name, pattern in PATTERNS.items():
        # Even if it were quadratic, all of the text would take less than the bound.
        if any(
            seconds(partial(count, pattern, text)) < share**2 * BOUND_S
            for share, text in texts.items()
        ):
            continue
        times = (seconds(partial(count, pattern, large)) for _ in range(ATTEMPTS))
        if not any(one < BOUND_S for one in times):
            slow.append(name)
    assert slow == []


@each_run
@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("code", [True, False])
def test_the_largest_cell_takes_a_second(run: str, beginning: str, code: bool) -> None:
    text = hostile(run, beginning, MAX_CHARACTERS)
    times = (seconds(partial(search.__wrapped__, text, code=code)) for _ in range(ATTEMPTS))  # type: ignore[attr-defined]
    assert any(one < BOUND_S for one in times)


def test_many_values_are_sought_in_linear_time() -> None:
    addresses = [f"name{number}.of{number}@mail{number}.example.org" for number in range(2000)]
    cells = [Cell("markdown", "\n".join(addresses)), *(Cell("code", "x = 1"),) * 50]
    assert any(seconds(lambda: findings(cells)) < BOUND_S for _ in range(ATTEMPTS))
