"""Decodes Python files as Python does: by their byte order mark or declaration (PEP 263)."""

from __future__ import annotations

import codecs
import io
import tokenize

from jupyter_safecoder.errors import UnusableFile

#: Codecs whose time is not linear in the length of the text.
_SLOW = frozenset(("idna", "punycode"))
_REMEDY = "Save it as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-"


def decode_python(content: bytes) -> str:
    r"""Return the text of a Python file, with ``\n`` as newlines.

    Parameters
    ----------
    content
        The bytes of the file.

    Raises
    ------
    UnusableFile
        If it declares an encoding that there is not, or is not in its encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError as error:
        declares = "encoding" in str(error.msg) and "unknown" in str(error.msg)
        raise UnusableFile(
            "declares an encoding that Python does not know"
            if declares
            else "is not UTF-8, and declares no other encoding",
            _REMEDY,
        ) from None
    try:
        if codecs.lookup(encoding).name in _SLOW:
            raise UnusableFile("declares an encoding that is not one of files", _REMEDY)
        text = content.decode(encoding)
    # The codec of text that is not decoded at all, "undefined", raises the general error.
    except UnicodeError:
        raise UnusableFile(
            "is not UTF-8, and declares no other encoding"
            if encoding.startswith("utf-8")
            else f"is not in the encoding {encoding} that it declares",
            _REMEDY,
        ) from None
    except LookupError:
        raise UnusableFile("declares an encoding that is not one of texts", _REMEDY) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
