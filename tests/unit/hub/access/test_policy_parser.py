"""What a policy file can say, and the line and reason of each error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.errors import PolicyError
from jupyter_safecoder.hub.access.policy import AuditPolicy, Grant
from jupyter_safecoder.hub.access.policy_parser import parse_policy
from jupyter_safecoder.option import options_of

GOOD = """\
[groups.vision]
adapter = "vision"
context = ["cells"]
requests_per_minute = 60
weight = 2

[groups."data & ünïcode"]
features = []

[groups.everybody]
"""


def test_groups_have_the_order_of_the_file_and_the_defaults() -> None:
    policy = parse_policy(GOOD)
    assert list(policy.groups) == ["vision", "data & ünïcode", "everybody"]
    vision = policy.groups["vision"]
    assert vision.context == frozenset({"cells"})
    assert (vision.adapter, vision.weight) == ("vision", 2.0)
    assert policy.grant_for({"everybody"}) == ("everybody", Grant())
    assert policy.grant_for({"data & ünïcode"}) == ("data & ünïcode", Grant(frozenset()))
    assert policy.audit == AuditPolicy("name", 0)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "no table [groups.NAME]"),
        ("[groups.a]\nfeatures = ['complete'\n", None, ""),
        ("[groups.a]\n\nfeature = []\n", 3, "'feature' is unknown; 'a' may have features, model"),
        ("[groups.a]\nadapter = 'x'\n[groups.b]\nadapter = 3\n", 4, "must be of the type string"),
        ("[groups.a]\nfeatures = 'text'\n", 2, "'features' of 'a' must be of the type array"),
        ("[groups.a]\nfeatures = ['fly']\n", 2, 'must be one of: "complete", "text", "train"'),
        ("[groups.a]\ntokens_per_day = -1\n", 2, "'tokens_per_day' of 'a' must be 0 or more"),
        ("[groups.a]\nrequests_per_minute = true\n", 2, "must be of the type integer"),
        ("[groups.a]\nweight = 0\n", 2, "must be 0.01 or more"),
        ("[groups.a]\nweight = 101\n", 2, "must be 100 or less"),
        ("[groups.a]\nmax_running = 0\n", 2, "must be 1 or more"),
        ("[groups.a]\nexclude_paths = ['']\n", 2, "must not be empty"),
        ("[groups.a]\n[audit]\nidentity = 'none'\n", 3, 'must be one of: "name", "pseudonym"'),
        ("[groups.a]\n[audit]\ntext = true\n", 3, "'audit' may have identity, retention_days"),
        ("audit = 3\n[groups.a]\n", 1, "'audit' must be a table"),
        ("[groups.a]\nmax_training_jobs = 0.5\n", 2, "must be of the type integer"),
        ("[groups.a]\nmax_training_minutes = inf\n", 2, "must be finite"),
        ("[groups.a]\nweight = nan\n", 2, "must be finite"),
        ("[group.a]\n", 1, "'group' is unknown; the file may have groups, audit"),
        ("groups = 3\n", None, "no table [groups.NAME]"),
        ("[groups]\na = 3\n", 2, "'a' must be a table"),
        ("\0", 1, ""),
    ],
)
def test_an_error_has_its_line_and_reason(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text)
    assert reason in str(raised.value)
    if line:
        assert str(raised.value).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("key", "value", "now"),
    [
        ("requests_a_minute", "60", "requests_per_minute"),
        ("tokens_a_day", "1", "tokens_per_day"),
        ("running", "2", "max_running"),
        ("waiting", "8", "max_waiting"),
        ("training_jobs", "1", "max_training_jobs"),
        ("training_minutes", "60", "max_training_minutes"),
    ],
)
def test_a_key_of_version_0_1_is_refused_with_its_line_and_new_name(
    key: str, value: str, now: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(f"[groups.a]\nadapter = 'x'\n{key} = {value}\n")
    assert str(raised.value) == f"line 3: {key} was renamed to {now}."
    assert now in {option.name for option in options_of(Grant)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[record]\npeople = 'name'\n", "line 2: record was renamed to audit."),
        ("[audit]\npeople = 'name'\n", "line 3: people was renamed to identity."),
        ("[audit]\nkeep_days = 365\n", "line 3: keep_days was renamed to retention_days."),
    ],
)
def test_the_table_record_of_version_0_1_is_refused_with_the_new_names(
    text: str, message: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(f"[groups.a]\n{text}")
    assert str(raised.value) == message


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
    assert "line 2: 'adapter' of 'a' must be of the type string." in capsys.readouterr().err
    path.write_bytes(b"[groups.a]\nrequests_a_minute = 3\n")
    assert main(["policy", "check", str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["error"] == "line 2: requests_a_minute was renamed to requests_per_minute."
    path.write_bytes(b"\xff")
    assert main(["policy", "check", str(path)]) == 1
