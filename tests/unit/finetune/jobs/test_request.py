"""Requests of jobs, as they are written and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.request import JobRequest, check_request
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.paths import WEIGHTS_RECIPE

REQUEST = JobRequest(
    "ours",
    ["/notebooks"],
    RuntimeSettings(model="tiny", engine="transformers"),
    Recipe(steps=3, span_shares={"anywhere": 1.0}, package_temperature=float("inf")),
    "grace",
    processes=2,
)


def test_what_is_written_is_read() -> None:
    assert JobRequest.from_json(REQUEST.to_json()) == REQUEST


@pytest.mark.parametrize("change", [{"format": 1}, {"format": None}, {"recipe": {"judged": 3}}])
def test_another_format_is_refused(change: dict[str, object]) -> None:
    data = {**json.loads(REQUEST.to_json()), **change}
    if data["format"] is None:
        del data["format"]
    with pytest.raises(ValueError, match="another format"):
        JobRequest.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}"])
def test_no_request(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        JobRequest.from_json(text)


def test_there_is_one_place_to_learn_from(tmp_path: Path) -> None:
    sources = str(WEIGHTS_RECIPE / "sources.toml")
    check_request([tmp_path], Recipe())
    check_request([], Recipe(sources=sources))
    with pytest.raises(FinetuneError, match="nothing to learn from"):
        check_request([], Recipe())
    with pytest.raises(FinetuneError, match="names its sources itself"):
        check_request([tmp_path], Recipe(sources=sources))
    with pytest.raises(FinetuneError, match="cannot be read as a manifest"):
        check_request([], Recipe(sources=str(tmp_path / "nowhere.toml")))
