"""Reads compressed JSON within bounds that hold before objects are made of it.

A small body may unpack to much JSON, and much JSON to ten times as much memory. The text is
therefore unpacked in parts, and its values are counted meanwhile; then the items of its array are
made one after the other. Each step is short, so that other threads of the process go on.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from typing import Any

from jupyter_safecoder.errors import BodyTooLarge
from jupyter_safecoder.validation import ValueCounter

#: zlib's window bits for data in gzip format.
_GZIP = 31
#: Bytes that are read and unpacked at once.
_CHUNK_BYTES = 2**16
_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


def unpack(body: bytes, max_bytes: int, max_values: int) -> str:
    """Return the JSON text of a body in gzip format.

    Parameters
    ----------
    body
        The body.
    max_bytes
        Maximum size of the text.
    max_values
        Maximum number of its values; those of a JSON text are at most as many as this counts.

    Raises
    ------
    BodyTooLarge
        If there are more.
    ValueError
        If it is not UTF-8 in gzip format, or incomplete.
    """
    decompressor = zlib.decompressobj(_GZIP)
    content, values = bytearray(), ValueCounter()
    try:
        for start in range(0, len(body), _CHUNK_BYTES):
            packed = body[start : start + _CHUNK_BYTES]
            while packed:
                part = decompressor.decompress(packed, _CHUNK_BYTES)
                packed = decompressor.unconsumed_tail
                content += part
                values.add(part)
                if len(content) > max_bytes or values.number > max_values:
                    raise BodyTooLarge(
                        f"The body unpacks to more than {max_bytes:,} bytes, or to more than "
                        f"{max_values:,} JSON values."
                    )
    except zlib.error as error:
        raise ValueError("The body is not in gzip format.") from error
    if not decompressor.eof:
        raise ValueError("The body is incomplete.")
    return content.decode()


def read_object(text: str, array: str, add: Callable[[Any], None]) -> dict[str, Any]:
    """Return the fields of a JSON object, but for an array, whose items are passed on one by one.

    Parameters
    ----------
    text
        The JSON text.
    array
        Name of the field with the array; it is not returned.
    add
        Called with each item of the array; what it raises is raised.

    Raises
    ------
    ValueError
        If the text is not such an object.
    RecursionError
        If a value is nested too deeply.
    """
    reader = _Reader(text)
    fields: dict[str, Any] = {}
    reader.expect("{")
    if not reader.skip("}"):
        while True:
            name = reader.value()
            if not isinstance(name, str):
                raise ValueError("The name of a field is not a text.")
            reader.expect(":")
            if name == array:
                _read_array(reader, add)
            else:
                fields[name] = reader.value()
            if not reader.skip(","):
                break
        reader.expect("}")
    reader.expect_end()
    return fields


def _read_array(reader: _Reader, add: Callable[[Any], None]) -> None:
    reader.expect("[")
    if reader.skip("]"):
        return
    add(reader.value())
    while reader.skip(","):
        add(reader.value())
    reader.expect("]")


class _Reader:
    """A position in a JSON text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> Any:
        """Return the value at the position, and go on after it."""
        value, self._at = _decoder.raw_decode(self._text, self._after_space())
        return value

    def skip(self, character: str) -> bool:
        """Go on after a character if it is next; return whether it is."""
        at = self._after_space()
        if self._text[at : at + 1] != character:
            return False
        self._at = at + 1
        return True

    def expect(self, character: str) -> None:
        """Go on after a character, which must be next."""
        if not self.skip(character):
            raise ValueError(f"There is no {character!r} where one must be.")

    def expect_end(self) -> None:
        """Check that nothing follows."""
        if self._after_space() != len(self._text):
            raise ValueError("Something follows the object.")

    def _after_space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        return found.end()
