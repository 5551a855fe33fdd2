"""Fuzzing with hypothesis: how many cases, and what hostile input consists of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, example, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from .paths import ROOT

#: Cases of each test; ``make test-slow`` takes 100,000.
CASES_VARIABLE = "SAFECODER_FUZZ_CASES"
CASES = int(os.environ.get(CASES_VARIABLE, "500"))
_FEW = 1000
T = TypeVar("T")
Test = TypeVar("Test", bound=Callable[..., Any])


def fuzz(test: Test) -> Test:
    """Run a test with many cases: the same ones each time if they are few, else others.

    A case that hangs is ended by the timeout of the test. What a long run finds is kept in
    ``.fuzz`` and tried first by the next one; add it to ``tests/data/fuzz``, which every run tries.
    """
    return _with_cases(test, CASES)


def fuzz_files(test: Test) -> Test:
    """Run a test that writes and reads a file for each case: fewer of them in a short run."""
    return _with_cases(test, CASES if CASES > _FEW else max(CASES // 8, 1))


def _with_cases(test: Test, cases: int) -> Test:
    limited = settings(
        max_examples=cases,
        deadline=None,
        derandomize=CASES <= _FEW,
        database=None if CASES <= _FEW else DirectoryBasedExampleDatabase(ROOT / ".fuzz"),
        print_blob=True,
        # Fixtures of these tests have nothing that a case changes.
        suppress_health_check=list(HealthCheck),
    )
    seconds = 180 if CASES <= _FEW else 4 * 3600
    return pytest.mark.timeout(seconds)(limited(test))  # type: ignore[no-any-return]


def kept(name: str) -> Callable[[Test], Test]:
    """Try the cases in a file of ``tests/data/fuzz`` as well: what was found, and what is near it.

    Parameters
    ----------
    name
        Name of a JSON file with a list of texts, which the test gets as bytes: ``content``.
    """
    cases = json.loads((ROOT / "tests/data/fuzz" / f"{name}.json").read_text("utf-8"))

    def with_cases(test: Test) -> Test:
        for case in cases:
            test = example(content=case.encode("utf-8", "surrogatepass"))(test)
        return test

    return with_cases


#: Any text of Python, lone surrogates included.
texts = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["", "\0", "\ud800", "é" * 30, "<fim_prefix>", "a" * 300, "../..", "\r\n", "∞", "1e999", "None"]
)
numbers = (
    st.integers()
    | st.floats(allow_nan=True)
    | st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0])
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def changed(valid: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects that are nearly valid: some fields have other values, some are missing."""
    names = st.sampled_from([*valid])
    changes = st.dictionaries(names | texts, json_values, max_size=4)
    missing = st.sets(names, max_size=2)
    return st.builds(
        lambda changes, missing: {
            name: value for name, value in {**valid, **changes}.items() if name not in missing
        },
        changes,
        missing,
    )


def bodies(*valid: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Return bodies of requests: nearly valid ones, other JSON, broken JSON, any bytes."""
    objects = st.one_of([changed(one) for one in valid]) | json_values
    encoded = objects.map(lambda value: json.dumps(value).encode())
    return encoded | spoilt(encoded) | st.binary(max_size=200)


@st.composite
def spoilt(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Return bytes that are cut off, or have other bytes at some places."""
    content = bytearray(draw(valid))
    for _ in range(draw(st.integers(0, 4))):
        if content:
            place = draw(st.integers(0, len(content) - 1))
            kind = draw(st.sampled_from(["change", "insert", "delete", "cut"]))
            if kind == "change":
                content[place] = draw(st.integers(0, 255))
            elif kind == "insert":
                content[place:place] = draw(st.binary(max_size=8))
            elif kind == "delete":
                del content[place : place + draw(st.integers(1, 8))]
            else:
                del content[place:]
    return bytes(content)


def result_or_sentence(function: Callable[[], T], refusal: type[Exception]) -> T | None:
    """Return a function's result; ``None`` if it refuses with a sentence."""
    try:
        return function()
    except refusal as error:
        reason = str(getattr(error, "reason", error))
    assert is_sentence(reason), reason
    return None


def is_sentence(reason: str) -> bool:
    """Return whether a reason is one for a user: a sentence, without a traceback."""
    return bool(reason) and reason.endswith(".") and "Traceback" not in reason
