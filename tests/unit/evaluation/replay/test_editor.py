"""The editor: with the cases of the lab extension, and with rules of Lab itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.evaluation.replay.editor import Editor

CASES = json.loads((Path(__file__).parent / "cases/editor.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case: dict[str, Any]) -> None:
    editor = Editor("")
    requests = 0
    for step in case["steps"]:
        editor.suffix = step.get("after", editor.suffix)
        if "type" in step and editor.insert(step["type"]):
            editor.send()
            requests += 1
        if "text" in step:
            editor.receive(step["text"], step.get("unconfirmed"))
        if "done" in step and editor.finish(step["done"], step.get("finish_reason", "end")):
            editor.send()
            requests += 1
        assert editor.suggestion == step.get("shown", editor.suggestion)
        assert requests == step.get("requests", requests)


def _sent(prefix: str, character: str, text: str, close_brackets: bool = False) -> Editor:
    """Return an editor that got the whole completion that a key asked for."""
    editor = Editor(prefix, close_brackets)
    assert editor.press(character)
    editor.send()
    editor.finish(text, "end")
    return editor


def test_a_suggestion_that_is_typed_stays_the_same() -> None:
    editor = _sent("", "i", "mport os")
    assert (editor.suggestion, editor.shown) == ("mport os", 1)
    for character in "mport o":
        assert not editor.press(character)
    assert (editor.suggestion, editor.shown) == ("s", 1)
    assert editor.press("x")
    assert (editor.suggestion, editor.shown) == ("", 1)


def test_a_suggestion_that_grows_stays_the_same_and_another_text_is_another() -> None:
    editor = Editor("")
    editor.press("a")
    editor.send()
    for text in ("b", "bc", "b", "x"):
        editor.receive(text)
    assert (editor.suggestion, editor.shown) == ("x", 2)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_blank_suggestion_is_not_shown(text: str) -> None:
    editor = _sent("", "a", text)
    assert (editor.suggestion.strip(), editor.shown) == ("", 0)


def test_what_the_server_withdraws_is_removed() -> None:
    editor = Editor("")
    editor.press("a")
    editor.send()
    editor.receive("b")
    editor.finish("", "duplicate")
    assert (editor.suggestion, editor.shown, editor.is_waiting) == ("", 1, False)


def test_a_part_that_is_taken_leaves_the_rest() -> None:
    editor = _sent("", "f", "or x in y:\n    pass")
    assert not editor.take("or x in y:")
    assert (editor.suggestion, editor.shown) == ("\n    pass", 1)
    assert editor.take("\n    pass")
    assert (editor.prefix, editor.suggestion) == ("for x in y:\n    pass", "")


def test_enter_shows_the_rest_of_a_suggestion_again() -> None:
    editor = _sent("", "f", "or x in y:\n    pass")
    editor.take("or x in y:")
    assert not editor.insert("\n    ")
    assert (editor.suggestion, editor.shown) == ("pass", 1)
    assert not editor.press("p")
    assert (editor.suggestion, editor.shown) == ("ass", 1)


def test_another_suggestion_after_enter_is_another_one() -> None:
    editor = _sent("", "f", "or x in y:\n    pass")
    editor.take("or x in y:")
    assert editor.insert("\n\t")
    editor.send()
    editor.finish("pass", "end")
    assert (editor.suggestion, editor.shown) == ("pass", 2)


def test_spaces_at_the_start_of_a_line_cancel_nothing_but_show_nothing_either() -> None:
    editor = Editor("")
    assert editor.insert("\n")
    editor.send()
    editor.receive("  pass")
    assert not editor.press(" ")
    assert editor.is_waiting
    editor.receive("  pass")
    assert editor.suggestion == " pass"
    editor.press(" ")
    editor.press("p")
    assert (editor.suggestion, editor.is_waiting) == ("ass", True)


@pytest.mark.parametrize("prefix", ["", "    ", "x = 1\n", "if x:\n    "])
def test_nothing_is_asked_before_the_first_character_of_a_line(prefix: str) -> None:
    editor = Editor(prefix)
    assert not editor.press(" ")
    assert editor.press("x")


def test_a_bracket_that_is_closed_is_part_of_the_suffix() -> None:
    editor = _sent("f", "(", "x", close_brackets=True)
    assert (editor.prefix, editor.suffix, editor.suggestion) == ("f(", ")", "x")
    assert editor.insert("x")
    assert editor.press(")")
    assert (editor.prefix, editor.suffix) == ("f(x)", "")


def test_a_key_that_changes_the_suffix_removes_the_suggestion() -> None:
    editor = _sent("", "f", "(x)", close_brackets=True)
    assert editor.press("(")
    assert (editor.suffix, editor.suggestion) == (")", "")
    editor.delete()
    assert (editor.prefix, editor.suffix, editor.suggestion) == ("f(", "", "")


def test_a_deletion_shows_what_is_known_while_a_suggestion_is_shown() -> None:
    editor = _sent("", "f", "(x)")
    editor.suffix = ")"
    assert editor.press("(")
    editor.send()
    editor.finish("y", "end")
    assert editor.suggestion == "y"
    editor.delete()
    assert (editor.prefix, editor.suffix, editor.suggestion) == ("f(", "", "x)")


def test_deletion_asks_for_nothing() -> None:
    editor = _sent("", "f", "(x)", close_brackets=True)
    editor.press("(")
    editor.press("y")
    editor.delete()
    assert (editor.prefix, editor.suffix, editor.suggestion) == ("f(y", "", "")
    assert not editor.is_waiting
