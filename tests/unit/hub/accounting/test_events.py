"""Events: valid by their schemas, without text, and no reason to stop where they cannot be kept."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from jupyter_events.schema import EventSchema

from jupyter_safecoder.hub.accounting import events
from jupyter_safecoder.hub.accounting.events import EventWriter
from jupyter_safecoder.hub.accounting.record import Record
from tests.support.full_disk import files_of_at_most

SCHEMAS = sorted((Path(events.__file__).parent / "event_schemas").glob("*/v*.yaml"))


def written(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_record_is_an_event(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "new" / "events.jsonl")
    records = [
        Record("ada", outcome="end", group="vision", prompt_tokens=3, ttft_ms=31.5),
        Record("bób\n", action="text", outcome="refused", reason="limit"),
        Record("dana", action="drain", outcome="done"),
        Record("bob", action="train", outcome="refused", reason="not granted", group="speech"),
    ]
    for record in records:
        writer.write(record)
    # Nobody has asked for it.
    writer.write(Record("ada", action="warm", outcome="length", prompt_tokens=3))
    found = written(tmp_path / "new" / "events.jsonl")
    kinds = [str(event["__schema__"]).split("/")[-2:] for event in found]
    assert kinds == [["completion", "v1"]] * 2 + [["admin_action", "v1"]] * 2
    assert [event["user"] for event in found] == [record.user for record in records]
    assert [event["time"] for event in found] == [record.time for record in records]
    assert "prompt_tokens" not in found[2]


@pytest.mark.parametrize("path", SCHEMAS, ids=[path.parent.name for path in SCHEMAS])
def test_schemas_have_what_records_have_and_no_more(path: Path) -> None:
    schema = EventSchema(path)
    assert str(schema.version) == "1"
    assert schema.id == f"https://events.jupyter-safecoder.org/{path.parent.name}/{path.stem}"
    assert schema._schema["personal-data"] is True
    assert schema._schema["additionalProperties"] is False
    names = {field.name for field in fields(Record)}
    assert set(schema.properties) <= names
    assert all(one["description"] for one in schema.properties.values())


def test_a_completion_has_the_whole_record() -> None:
    [path] = [path for path in SCHEMAS if path.parent.name == "completion"]
    # An event is of one request, however many a line of the audit log is of.
    names = {field.name for field in fields(Record)} - {"count"}
    assert set(EventSchema(path).properties) == names


def test_a_full_disk_is_logged_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    with files_of_at_most(1000):
        for _ in range(20):
            writer.write(Record("ada", outcome="end"))
    [logged] = caplog.records
    assert "Events cannot be written" in logged.getMessage()
    assert logged.exc_info is None


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        EventWriter(tmp_path / "file" / "events.jsonl")
