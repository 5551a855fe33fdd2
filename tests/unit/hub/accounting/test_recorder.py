"""What is recorded, under which name, and what is not done because it cannot be recorded."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from jupyter_safecoder.errors import (
    ConnectionLost,
    QueueTimeout,
    RateLimited,
    RequestDenied,
    RuntimeUnavailable,
    Superseded,
)
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.dashboard.live_stats import LiveStats
from tests.support.hub_service import make_service


def test_an_event_is_in_the_log_when_it_returns(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    record = parts.recorder.new_record("ada", "drain")
    asyncio.run(parts.recorder.record_event(record))
    assert [(entry["user"], entry["action"]) for entry in parts.entries] == [("ada", "drain")]
    assert parts.records == [record]


def test_a_record_has_the_group_s_model_and_adapter(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    grant = Grant(model="large", adapter="tuned")
    record = parts.recorder.new_record("ada", "complete", "vision", grant)
    assert (record.group, record.model, record.adapter) == ("vision", "large", "tuned")


def test_the_policy_decides_between_names_and_pseudonyms(tmp_path: Path) -> None:
    parts = make_service(tmp_path / "names")
    assert parts.recorder.new_record("ada", "complete").user == "ada"
    # Without a valid policy names are not recorded.
    parts = make_service(tmp_path / "invalid", "x = 1")
    assert parts.recorder.new_record("ada", "complete").user != "ada"
    pseudonyms = '[groups.vision]\n[audit]\nidentity = "pseudonym"\n'
    parts = make_service(tmp_path / "pseudonyms", pseudonyms)
    pseudonym = parts.recorder.new_record("ada", "complete").user
    assert pseudonym.startswith("p-")
    assert pseudonym == parts.recorder.new_record("ada", "drain").user


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (RequestDenied(503, "", "", "drained"), "refused", "drained"),
        (RateLimited("", 1.0, "limit"), "refused", "limit"),
        (Superseded(), "superseded", ""),
        (QueueTimeout(), "deadline", ""),
        (RuntimeUnavailable(""), "not_ready", ""),
        (ConnectionLost(), "runtime_unavailable", ""),
        (GeneratorExit(), "cancelled", ""),
        (asyncio.CancelledError(), "cancelled", ""),
        (ValueError(), "runtime_unavailable", ""),
    ],
)
def test_a_failure_has_the_outcome_of_its_error(
    tmp_path: Path, error: BaseException, outcome: str, reason: str
) -> None:
    parts = make_service(tmp_path)
    parts.recorder.record_failure(parts.recorder.new_record("ada", "complete"), error)
    parts.recorder.close()
    [entry] = parts.entries
    assert (entry["outcome"], entry["reason"]) == (outcome, reason)


def test_a_refusal_is_recorded_with_its_reason(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    parts.recorder.record_refusal("eve", "train", RequestDenied(403, "", "", "not granted"))
    parts.recorder.close()
    [entry] = parts.entries
    assert (entry["action"], entry["outcome"]) == ("train", "refused")
    assert entry["reason"] == "not granted"


def test_what_cannot_be_recorded_is_denied_until_it_can(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    asyncio.run(parts.recorder.check_writable("ada"))
    assert parts.records == []
    shutil.move(tmp_path / "audit", tmp_path / "away")
    record = parts.recorder.new_record("dana", "drain")
    with pytest.raises(RequestDenied, match="audit log cannot be written") as raised:
        asyncio.run(parts.recorder.record_event(record))
    assert (raised.value.status, raised.value.kind) == (503, "audit")
    assert (record.outcome, record.reason) == ("refused", "audit")
    with pytest.raises(RequestDenied):
        asyncio.run(parts.recorder.check_writable("ada"))
    shutil.move(tmp_path / "away", tmp_path / "audit")
    asyncio.run(parts.recorder.check_writable("ada"))
    assert [entry["action"] for entry in parts.entries] == ["probe"]
    assert parts.audit_writer.audit_error == ""


def test_many_refusals_of_a_user_are_two_lines_that_count_them(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    for _ in range(1000):
        parts.recorder.record_refusal("eve", "text", RequestDenied(403, "", "", "not granted"))
    parts.recorder.close()
    assert [entry.get("count", 1) for entry in parts.entries] == [1, 999]
    assert len(parts.records) == 1000
    assert verify(tmp_path / "audit").error == ""
    assert parts.usage.users_today() == []
    # The dashboard of the next start has all of them.
    stats = LiveStats()
    stats.rebuild(parts.entries)
    assert stats.last(60).refused == 1000


def test_many_exclusions_are_counted_as_requests(tmp_path: Path) -> None:
    parts = make_service(tmp_path)
    for _ in range(10):
        parts.recorder.record_exclusion(parts.recorder.new_record("ada", "complete", "vision"))
    parts.recorder.close()
    assert [entry.get("count", 1) for entry in parts.entries] == [1, 9]
    assert [(row.user, row.requests) for row in parts.usage.users_today()] == [("ada", 10)]


def test_nothing_new_begins_while_too_much_waits_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = make_service(tmp_path)
    writer = "jupyter_safecoder.hub.accounting.audit_writer"
    monkeypatch.setattr(f"{writer}._MAX_QUEUED", 0)
    with pytest.raises(RequestDenied) as raised:
        asyncio.run(parts.recorder.check_writable("ada"))
    assert raised.value.kind == "audit"
    with pytest.raises(RequestDenied):
        asyncio.run(parts.recorder.record_event(parts.recorder.new_record("ada", "drain")))
    assert parts.entries == []
