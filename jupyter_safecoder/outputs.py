"""Outputs of cells as context: the one of several that tells most, and its text without noise.

Escape codes, overwritten progress bars, encoded pictures, views of widgets and addresses of objects
say nothing to a model, and of a traceback only its last frame and its message do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

#: Maximum characters of an output that are cleaned, and those of a traceback's frame that are kept.
_MAX_CHARACTERS, _MAX_FRAME_CHARACTERS = 20_000, 70
#: Longer texts are cleaned each time instead of being kept.
_MAX_CACHED = 4_000

#: Control sequences of terminals (ECMA-48): CSI, OSC and other strings, two-character escapes; at
#: the end of a text they may be incomplete.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}(?:[@-~]|\Z)"
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\|(?=\n)|\Z)"
    r"|\x1b[ -/]{0,8}(?:[0-~]|\Z)"
)
_CONTROL = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: Base64 of data addresses, and what else is long and has letters of both cases and digits.
_DATA_ADDRESS = re.compile(r"(data:[\w.+/;=-]{0,99}base64,)[\w+/=\s-]{8,}")
_LONG_WORD = re.compile(r"(?:[A-Za-z0-9+/_-]{60,}={0,2}\s?)+")
#: ``<function f at 0x7f…>``, ``Ptr @0x…``, ``<environment: 0x…>``, ``Object@1b2c3d4e``.
_ADDRESS = re.compile(
    r"(?:\s{1,4}at| ?@) ?0x[0-9a-fA-F]{4,16}\b"
    r"|(\b(?:environment|bytecode|externalptr|pointer)): ?0x[0-9a-fA-F]{4,16}\b"
    r"|(?<=[\w;\]])@(?=[a-f]*\d)[0-9a-f]{6,8}\b(?![.@])"
)
#: What widgets of ipywidgets, and objects for frontends alone, have as plain text.
_VIEW = re.compile(
    r"\s*(?:"
    r"(?:[HV]?Box|Grid(?:Box|specLayout)|AppLayout|TwoByTwoLayout|Tab|Accordion|Stack|Output|Play|Valid"
    r"|HTML(?:Math)?|Label|interactive|(?:Toggle)?Buttons?|Checkbox|Dropdown|Select\w*|RadioButtons"
    r"|(?:Bounded)?(?:Int|Float)(?:Range|Log)?(?:Slider|Progress|Text)|Text|Textarea|Password"
    r"|Combobox|(?:Date|Color|Time|Datetime)Picker|FileUpload|Image|Video|Audio|Controller)"
    r"\((?:\w+=[\s\S]*)?\)"
    r"|<IPython\.\w[\w.]*\.display\.\w+(?: object)?[^>]*>"
    r"|<Figure size [^>]*>"
    r"|Figure\(\d+x\d+\)"
    r")\s*"
)
#: An object that is shown by its type alone, and progress bars.
_OBJECT = re.compile(r"\s*[\[(]*<[^<>\n]{1,200}>[\])]*\s*")
_PROGRESS = re.compile(r"\s*(?:[^\n|]{0,80}:)?\s*\d{1,3}%\|[^\n]*|\s*\d+it \[[^\n]*\]?")
#: The first line of a frame: of IPython 8, of IPython 7, of Python.
_HEADING = re.compile(
    r"\s*(?:Cell )?In\s?\[\d+\]|Input In \[\d+\]|(?:File )?\S[^\n]{0,400}:\d+(?:, in |$)"
    r"|(?:<ipython-input-|[~/.\w])[^\n]{0,400} in |  File \""
)
#: The line of a frame that IPython marks, and a frame of Python with its line.
_ARROW = re.compile(r"^-+> ?\d+ ?([^\n]*)$", re.MULTILINE)
_PYTHON_FRAME = re.compile(
    r"^  File \"[^\n]*\", line \d+[^\n]*$(?:\n    (?P<code>[^\n]*))?", re.MULTILINE
)
_MESSAGE = re.compile(r"[A-Za-z_][\w.]*(?::.*)?$")
_TRACEBACK = "Traceback (most recent call last)"
#: Julia's and R's stack traces have the message first.
_STACK = re.compile(r"^(?:Stacktrace:|Traceback:)\s*$", re.MULTILINE)
_ELEMENT = re.compile(r"^ *(?:\[\d+\]|\d+\.) .*$", re.MULTILINE)

_WIDGET = "application/vnd.jupyter.widget-view+json"
_PLAIN = "text/plain"


def useful_output(outputs: Iterable[Mapping[str, Any]]) -> str:
    """Return the cleaned text of the output that tells most; empty if none has text.

    An error tells more than a result, and that more than what is displayed or printed, of which the
    first counts; standard error, progress bars, and objects without a text of their own are last.

    Parameters
    ----------
    outputs
        Those of a cell, in the form of nbformat 4.
    """
    found: list[tuple[int, str]] = []
    for output in outputs:
        text = clean_output(_text_of(output))
        if text:
            found.append((_rank(output, text), text))
    return min(found, key=lambda one: one[0], default=(0, ""))[1]


def clean_output(text: str) -> str:
    """Return the text of an output as context.

    Parameters
    ----------
    text
        The text, of which no part was removed.
    """
    if len(text) <= _MAX_CACHED:
        return _clean_cached(text)
    return _clean(text)


@lru_cache(512)
def _clean_cached(text: str) -> str:
    return _clean(text)


def _clean(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        half = _MAX_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(map(_last_state, text.split("\n")))
    if "\b" in text:
        text = _without_backspaces(text)
    text = _CONTROL.sub("", text)
    if _VIEW.fullmatch(text):
        return ""
    text = _ADDRESS.sub(r"\1", text)
    text = _LONG_WORD.sub(_without_base64, _DATA_ADDRESS.sub(r"\1…", text))
    return _short_traceback(text).strip()


def _text_of(output: Mapping[str, Any]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return _joined(output.get("text"))
    if kind == "error":
        lines = output.get("traceback")
        traceback = "\n".join(map(str, lines)) if isinstance(lines, list) else ""
        return traceback or f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    if not isinstance(data, Mapping) or _WIDGET in data:
        return ""
    return _joined(data.get(_PLAIN))


def _joined(value: object) -> str:
    """Return a text that may be divided into lines."""
    if isinstance(value, str):
        return value
    return "".join(map(str, value)) if isinstance(value, list) else ""


def _rank(output: Mapping[str, Any], text: str) -> int:
    if _OBJECT.fullmatch(text) or _PROGRESS.fullmatch(text):
        return 4
    if output.get("name") == "stderr":
        return 3
    return {"error": 0, "execute_result": 1}.get(str(output.get("output_type")), 2)


def _last_state(line: str) -> str:
    """Return a line as it is at last: a carriage return writes over it."""
    states = [state for state in line.split("\r") if state.strip()]
    return states[-1] if states else ""


def _without_backspaces(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)


def _without_base64(match: re.Match[str]) -> str:
    """Return an ellipsis for encoded bytes, and other long words, such as paths, as they are."""
    text = match[0]
    mixed = any(map(str.isdigit, text)) and any(map(str.isupper, text))
    is_path = text.count("/") > len(text) / 16
    is_word = max(text.count("_"), text.count("-")) > len(text) / 12
    if not mixed or not any(map(str.islower, text)) or is_path or is_word:
        return text
    return "…" + text[len(text.rstrip()) :]


def _short_traceback(text: str) -> str:
    """Return a traceback as its last frame and its message; another text as it is."""
    stack = _STACK.search(text)
    if stack is not None:
        element = _ELEMENT.search(text, stack.end())
        frame = f"\n{_cut(element[0].strip())}" if element else ""
        return text[: stack.start()].strip() + frame
    arrows = list(_ARROW.finditer(text))
    if arrows:
        start, end, code = arrows[-1].start(), arrows[-1].end(), arrows[-1][1]
    elif _TRACEBACK in text and (frames := list(_PYTHON_FRAME.finditer(text))):
        start, end, code = frames[-1].start("code"), frames[-1].end(), frames[-1]["code"] or ""
        start = end if start < 0 else start
    else:
        return text
    above = reversed(text[:start].split("\n"))
    heading = next((line for line in above if _HEADING.match(line)), "")
    if not heading:
        return text
    parts = (_cut(heading.strip(), tail=True), _cut(code.strip()), _message(text[end:]))
    return "\n".join(part for part in parts if part)


def _message(body: str) -> str:
    """Return what follows the source lines of the last frame."""
    lines = body.split("\n")
    for number, line in enumerate(lines):
        if _MESSAGE.match(line):
            return "\n".join(lines[number:]).strip()
    return body.strip()


def _cut(text: str, *, tail: bool = False) -> str:
    if len(text) <= _MAX_FRAME_CHARACTERS:
        return text
    kept = _MAX_FRAME_CHARACTERS - 1
    return f"…{text[-kept:]}" if tail else f"{text[:kept]}…"
