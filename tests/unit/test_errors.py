"""The tree of exceptions: complete, in one file, with codes that the protocol knows."""

from __future__ import annotations

import ast
import builtins
import inspect
from pathlib import Path

import pytest

import jupyter_safecoder
from jupyter_safecoder import errors
from jupyter_safecoder.errors import (
    BodyTooLarge,
    ConnectionLost,
    InvalidInput,
    QueueFull,
    RateLimited,
    RequestDenied,
    SafeCoderError,
    first_line,
)
from jupyter_safecoder.protocol import Error, schema

CODES = schema()["definitions"]["ErrorEvent"]["properties"]["code"]["enum"]
CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, SafeCoderError)
]


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    parents: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if not line.strip().startswith(("├", "└", "│", "SafeCoderError")):
            continue
        name = line.lstrip(" │├└─").partition(" ")[0]
        depth = (len(line) - len(line.lstrip(" │├└─")) - 4) // 4
        parents[depth:] = [name]
        drawn[name] = parents[depth - 1] if depth else ""
    real = {found.__name__: found.__bases__[0].__name__ for found in CLASSES}
    assert drawn == {**real, "SafeCoderError": ""}


@pytest.mark.parametrize("found", CLASSES)
def test_every_code_is_one_of_the_protocol(found: type[SafeCoderError]) -> None:
    if not issubclass(found, RequestDenied):
        assert found.code in CODES


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503, 418])
def test_a_denied_request_has_the_code_of_its_status(status: int) -> None:
    assert RequestDenied(status, "No.", "").code in CODES


def test_an_error_becomes_an_event_of_the_protocol() -> None:
    assert Error.from_exception(QueueFull("Full.", 2.0)) == Error(
        "queue_full", "Full.", "Wait a moment.", 2.0
    )
    assert Error.from_exception(RateLimited("Slow.", 3.0, "limit")).retry_after_s == 3.0
    assert Error.from_exception(BodyTooLarge("Big.")).code == "too_large"
    assert Error.from_exception(ConnectionLost()).remedy


def test_data_that_cannot_be_used_is_a_value_error_with_its_path() -> None:
    error = InvalidInput("'a.b' must be 1 or more.", path=("a", "b"), rule="must be 1 or more")
    assert isinstance(error, ValueError)
    assert (str(error), error.path) == ("'a.b' must be 1 or more.", ("a", "b"))


def test_no_exception_is_defined_elsewhere() -> None:
    """Only what one file raises and catches itself may be private to it."""
    known = {found.__name__ for found in CLASSES} | {
        name
        for name, found in vars(builtins).items()
        if isinstance(found, type) and issubclass(found, BaseException)
    }
    root = Path(jupyter_safecoder.__file__).parent
    elsewhere = [
        f"{path.relative_to(root)}: {node.name}"
        for path in root.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and known & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    ]
    assert elsewhere == []


def test_the_first_line_of_a_library_s_message() -> None:
    assert first_line(ValueError("  one\ntwo")) == "one"
    assert len(first_line(ValueError("x" * 1000))) == 200
