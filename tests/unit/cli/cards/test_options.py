"""The forms of a card on the command line."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.models import EMBEDDED

Capture = pytest.CaptureFixture[str]


def _printed(capsys: Capture, *words: object) -> str:
    assert main(["model", "card", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_three_forms(capsys: Capture) -> None:
    card = json.loads(_printed(capsys, EMBEDDED, "--json"))
    assert (card["kind"], card["name"]) == ("model", EMBEDDED)
    assert 'license: "apache-2.0"' in _printed(capsys, EMBEDDED, "--markdown").split("---")[1]
    lines = _printed(capsys, "qwen2.5-coder-0.5b").splitlines()
    assert "layers: unknown" in lines
    assert "license: Apache-2.0" in lines


def test_one_form_at_a_time() -> None:
    with pytest.raises(SystemExit):
        main(["model", "card", EMBEDDED, "--json", "--markdown"])
