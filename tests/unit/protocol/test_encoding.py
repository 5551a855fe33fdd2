"""How messages are written as JSON."""

from __future__ import annotations

from jupyter_safecoder.protocol.encoding import dump


def test_any_text_is_compact_ascii() -> None:
    assert dump({"é": ["\ud83d", "\U0001f600\n"]}) == b'{"\\u00e9":["\\ud83d","\\ud83d\\ude00\\n"]}'
