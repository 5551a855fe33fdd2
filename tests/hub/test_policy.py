"""What the policy file says, and what is said of a file that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.hub.policy import Grant, PolicyProblem, parse_policy
from jupyter_safecoder.hub.policy_file import PolicyFile
from jupyter_safecoder.protocol import Cell, CompletionRequest

GOOD = """\
[groups.vision]
adapter = "vision"
context = ["cells"]
requests_a_minute = 60

[groups."data & ünïcode"]
features = []

[groups.everybody]
"""


def test_the_first_group_of_the_file_counts() -> None:
    policy = parse_policy(GOOD)
    found = policy.grant({"everybody", "vision"})
    assert found is not None
    assert found[0] == "vision"
    assert found[1].adapter == "vision"
    assert policy.grant({"everybody"}) == ("everybody", Grant())
    assert policy.grant({"data & ünïcode"}) == ("data & ünïcode", Grant(frozenset()))
    assert policy.grant({"strangers"}) is None
    assert policy.grant(()) is None


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "names no group"),
        ("[groups.a]\nfeatures = ['complete'\n", None, ""),
        ("[groups.a]\n\nfeature = []\n", 3, "'feature'; a group has features"),
        ("[groups.a]\nadapter = 'x'\n[groups.b]\nadapter = 3\n", 4, "the name of an adapter"),
        ("[groups.a]\nfeatures = ['fly']\n", 2, 'a list of "complete"'),
        ("[groups.a]\ntokens_a_day = -1\n", 2, "0 or more"),
        ("[groups.a]\nrequests_a_minute = true\n", 2, "0 or more"),
        ("[groups.a]\ntraining_jobs = 0.5\n", 2, "0 or more"),
        ("[groups.a]\ntraining_minutes = inf\n", 2, "0 or more"),
        ("[group.a]\n", 1, "no setting 'group'"),
        ("groups = 3\n", None, "names no group"),
        ("[groups]\na = 3\n", 2, "'a' is no group"),
        ("\0", 1, ""),
    ],
)
def test_an_error_has_its_line_and_reason(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(PolicyProblem) as raised:
        parse_policy(text)
    assert reason in str(raised.value)
    if line:
        assert str(raised.value).startswith(f"line {line}: ")


REQUEST = CompletionRequest(
    "x",
    "y",
    before=(Cell("markdown", "# title"), Cell("code", "a = 1", "1"), Cell("raw", "raw")),
    after=(Cell("code", "later"),),
)


@pytest.mark.parametrize(
    ("context", "kept"),
    [
        ((), []),
        (("cells",), [("code", "")]),
        (("cells", "outputs"), [("code", "1")]),
        (("cells", "markdown"), [("markdown", ""), ("code", ""), ("raw", "")]),
        (("markdown", "outputs"), []),
    ],
)
def test_what_must_not_go_into_a_prompt_is_taken_out(
    context: tuple[str, ...], kept: list[tuple[str, str]]
) -> None:
    allowed = Grant(context=frozenset(context)).allowed(REQUEST)
    assert [(cell.type, cell.output) for cell in allowed.before] == kept
    assert (allowed.prefix, allowed.suffix, allowed.after) == ("x", "y", ())


def test_the_file_is_read_again_and_fails_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_safecoder.hub.policy_file._LOOK_S", 0.0)
    path = tmp_path / "policy.toml"
    file = PolicyFile(path)
    assert file.current() is None
    assert "No such file" in file.problem
    path.write_text(GOOD, "utf-8")
    assert file.current() is not None
    assert file.problem == ""
    for broken, said in (("[groups.a]\nx = 1\n", "line 2"), ("", "names no group")):
        path.write_text(broken, "utf-8")
        assert file.current() is None
        assert said in file.problem
        path.write_text(GOOD, "utf-8")
        assert file.current() is not None
    path.write_bytes(b"\xff\xfe")
    assert file.current() is None
    path.write_text(GOOD, "utf-8")
    os.utime(path, (1, 1))
    assert file.current() is not None
    path.unlink()
    assert file.current() is None
    path.write_text(GOOD, "utf-8")
    os.utime(path, (1, 1))
    assert file.current() is not None
