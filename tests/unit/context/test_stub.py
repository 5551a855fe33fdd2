"""Stubs within a budget: what is mentioned is in front."""

from __future__ import annotations

import pytest

from jupyter_safecoder.context.outline import Member
from jupyter_safecoder.context.stub import write_stub

A, B, C = (Member(name, f"def {name}(): ...") for name in "abc")
RUN = Member(
    "Run", "class Run:", (Member("x", "    x: int"), Member("y", "    y: str")), is_class=True
)


def test_what_is_mentioned_is_in_front() -> None:
    assert write_stub("Doc.", [A, B, C], {"c"}, 1000) == (
        '"""Doc."""\ndef c(): ...\ndef a(): ...\ndef b(): ...\n'
    )


def test_what_does_not_fit_is_left_out() -> None:
    assert write_stub("Doc.", [A, B, C], {"c"}, 28) == '"""Doc."""\ndef c(): ...\n'
    assert write_stub("Doc.", [A], (), 12) == ""
    assert write_stub("", [], (), 100) == ""


def test_of_a_class_what_is_mentioned_is_in_front() -> None:
    assert write_stub("", [RUN], {"y"}, 1000) == "class Run:\n    y: str\n    x: int\n"
    assert write_stub("", [RUN], {"y"}, 22) == "class Run:\n    y: str\n"
    assert write_stub("", [RUN], (), 15) == "class Run: ...\n"
    assert write_stub("", [RUN], (), 11) == ""


@pytest.mark.parametrize("budget", range(0, 80, 3))
def test_a_stub_is_within_its_budget(budget: int) -> None:
    assert len(write_stub("Doc.", [RUN, A, B], {"b"}, budget)) <= budget
