"""Text is shown without quotes where no other format is supported."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.magics import mimebundle


def test_all_formats_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(mimebundle, "display", lambda data, raw: shown.append((data, raw)))
    mimebundle.publish("it's\ntext", {"text/html": "<b>"})
    [(data, raw)] = shown
    assert raw
    assert data["text/html"] == "<b>"
    assert repr(data["text/plain"]) == "it's\ntext"
