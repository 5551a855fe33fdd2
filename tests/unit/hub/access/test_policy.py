"""What the policy file says, and what is said of a file that is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.errors import PolicyError
from jupyter_safecoder.hub.access.policy import Grant, parse_policy
from jupyter_safecoder.hub.access.policy_file import PolicyFile
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
        ("[groups.a]\n\nfeature = []\n", 3, "'feature'; there are features"),
        ("[groups.a]\nadapter = 'x'\n[groups.b]\nadapter = 3\n", 4, "must be a text"),
        ("[groups.a]\nfeatures = ['fly']\n", 2, 'a list of "complete"'),
        ("[groups.a]\ntokens_a_day = -1\n", 2, "0 or more"),
        ("[groups.a]\nrequests_a_minute = true\n", 2, "0 or more"),
        ("[groups.a]\nweight = 0\n", 2, "0.01 to 100"),
        ("[groups.a]\nrunning = 0\n", 2, "1 or more"),
        ("[groups.a]\nexclude_paths = ['']\n", 2, "texts that are not empty"),
        ("[groups.a]\n[record]\npeople = 'none'\n", 3, '"name" or "pseudonym"'),
        ("[groups.a]\n[record]\ntext = true\n", 3, "there are people, keep_days"),
        ("record = 3\n[groups.a]\n", 1, "no table"),
        ("[groups.a]\ntraining_jobs = 0.5\n", 2, "0 or more"),
        ("[groups.a]\ntraining_minutes = inf\n", 2, "0 or more"),
        ("[group.a]\n", 1, "no setting 'group'"),
        ("groups = 3\n", None, "names no group"),
        ("[groups]\na = 3\n", 2, "'a' is no group"),
        ("\0", 1, ""),
    ],
)
def test_an_error_has_its_line_and_reason(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text)
    assert reason in str(raised.value)
    if line:
        assert str(raised.value).startswith(f"line {line}: ")


REQUEST = CompletionRequest(
    "x",
    "y",
    before=(Cell("markdown", "# title"), Cell("code", "a = 1", "1"), Cell("raw", "raw")),
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
    assert (allowed.prefix, allowed.suffix) == ("x", "y")


def test_the_file_is_read_again_and_fails_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_safecoder.hub.access.policy_file._LOOK_S", 0.0)
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


@pytest.mark.parametrize(
    ("path", "text", "excluded"),
    [
        ("work/a.ipynb", "x = 1", False),
        ("finance/2026/a.ipynb", "x = 1", True),
        ("Finance/a.ipynb", "x = 1", True),
        ("work/keys.secret.ipynb", "x = 1", True),
        ("", "x = 1", True),
        ("work/a.ipynb", "# Confidential", True),
    ],
)
def test_what_is_excluded(path: str, text: str, excluded: bool) -> None:
    [grant] = parse_policy(
        "[groups.a]\nexclude_paths = ['finance/*', '*.secret.*']\nexclude_text = ['CONFIDENTIAL']\n"
    ).groups.values()
    assert grant.excludes(CompletionRequest(text, "", path=path)) is excluded
    assert grant.excludes(CompletionRequest("", text, path=path)) is excluded


def test_cells_with_excluded_text_are_left_out_and_the_path_goes_nowhere() -> None:
    grant = Grant(exclude_text=("secret",))
    cells = (Cell("code", "a"), Cell("code", "# SECRET"), Cell("code", "b", "the secret"))
    request = CompletionRequest("x", "", before=cells, path="a.ipynb")
    assert not grant.excludes(request)
    assert grant.allowed(request) == CompletionRequest("x", "", before=(Cell("code", "a"),))
    assert grant.excludes_text("my Secret")
    assert not grant.excludes_text("x", "")
    assert Grant(exclude_paths=("a",)).excludes_text("x")


def test_a_policy_is_checked_by_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.toml"
    assert main(["policy", "check", str(path)]) == 1
    assert "No such file" in capsys.readouterr().err
    path.write_text(GOOD)
    assert main(["policy", "check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"][0] == "vision"
    path.write_bytes(b"[groups.a]\nadapter = 3\n")
    assert main(["policy", "check", str(path)]) == 1
    assert "line 2: adapter of 'a' must be a text" in capsys.readouterr().err
    path.write_bytes(b"\xff")
    assert main(["policy", "check", str(path)]) == 1
