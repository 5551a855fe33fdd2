"""Members of modules."""

from __future__ import annotations

from jupyter_safecoder.context.outline import Member, Outline


def test_a_member_under_another_name() -> None:
    member = Member("load", "def load(load_path): ...")
    assert member.named("load") is member
    assert member.named("read").text == "def read(load_path): ..."
    assert member.named("r\\1").name == "r\\1"


def test_the_last_definition_of_a_name_counts() -> None:
    outline = Outline(members=(Member("a", "a: int"), Member("b", "b"), Member("a", "a: str")))
    found = outline.member("a")
    assert found is not None
    assert found.text == "a: str"
    assert outline.member("c") is None


def test_sizes() -> None:
    part = Member("x", "    x: int")
    outline = Outline("doc", (Member("A", "class A:", (part,), is_class=True),))
    assert outline.size() == len("doc") + len("class A:") + len("    x: int")
