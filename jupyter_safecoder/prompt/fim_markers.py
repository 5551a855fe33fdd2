"""Reads a prompt in which another program has written the FIM markers of a family of models.

Editors that know no ``suffix`` write them into the text: Continue, llm-ls, Twinny, Minuet and
llama.vscode have templates for StarCoder, Qwen, Code Llama, DeepSeek, Codestral and CodeGemma, and
ask for any of them whatever model is served. Their configurations and sources were read in 2026.
Only the endpoints for such programs do this: a marker in a notebook is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .families import FAMILIES, FimFamily

#: Separate the files, and name the repository, before the file that is completed.
_FILE_MARKERS = re.compile(
    r"<(?:\|?(?:file_sep|repo_name|file_separator)\|?|filename|reponame|jupyter_start)>"
)


#: How tokenizers of the kind of SentencePiece spell a space in the name of a token.
_SPACE = "▁"


@dataclass(frozen=True)
class MarkedPrompt:
    """A prompt with markers, without them.

    Parameters
    ----------
    prefix, suffix
        The text before and after the cursor.
    before
        Text of other files; empty if there is none.
    """

    prefix: str
    suffix: str
    before: str = ""


@dataclass(frozen=True)
class _Markers:
    """How a family spells its FIM tokens in a text.

    ``space``: one space between a marker and the prefix belongs to the template, as in the paper on
    Code Llama (arXiv:2308.12950, appendix B). ``middle`` is empty if the family has no such token.
    """

    prefix: str
    suffix: str
    middle: str
    space: bool = False


def _markers_of(family: FimFamily) -> list[_Markers]:
    """Return the markers of a family; a tokenizer's mark of a space may be written or not."""
    if not family.prefix or not family.suffix:
        return []
    prefix, suffix, middle = family.prefix, family.suffix, family.middle
    if not prefix.startswith(_SPACE):
        return [_Markers(prefix, suffix, middle)]
    written = [name.removeprefix(_SPACE) for name in (prefix, suffix, middle)]
    return [
        _Markers(prefix, suffix, middle, space=True),
        _Markers(written[0], written[1], written[2], space=True),
    ]


#: Each spelling once, in the order of the families.
_ALL = tuple(
    dict.fromkeys(markers for family in FAMILIES.values() for markers in _markers_of(family))
)


def split_markers(text: str, served: FimFamily) -> MarkedPrompt | None:
    """Return what a prompt with markers says; ``None`` if it is text without.

    Parameters
    ----------
    text
        The prompt.
    served
        The family of the model that is served: its markers are tried first.

    Returns
    -------
    MarkedPrompt or None
        A text counts as marked if it has all markers of a family, in the order of one of its
        layouts. The text of a cell may have markers too, in code about them: those of the family
        that comes first are the outer ones.
    """
    found: list[tuple[int, MarkedPrompt]] = []
    for markers in dict.fromkeys((*_markers_of(served), *_ALL)):
        if (split := _split(text, markers)) is not None:
            found.append((min(text.find(markers.prefix), text.find(markers.suffix)), split))
    return min(found, key=lambda one: one[0], default=(0, None))[1]


def _split(text: str, markers: _Markers) -> MarkedPrompt | None:
    if markers.prefix not in text or markers.suffix not in text:
        return None
    if not markers.middle:
        once = text.count(markers.prefix) == text.count(markers.suffix) == 1
        return _suffix_first(text, markers) if once else None
    middle = text.rfind(markers.middle)
    opening = text.find(markers.prefix)
    suffix = text.find(markers.suffix)
    if middle < max(opening, suffix):
        return None
    if suffix < opening:
        return _suffix_first(text, markers)
    before, rest = text[:opening], text[opening + len(markers.prefix) : middle]
    after = text[middle + len(markers.middle) :]
    # The text after the cursor is often the shorter one, and holds a marker less often.
    prefix, _, end = rest.rpartition(markers.suffix)
    if prefix in (("", " ") if markers.space else ("",)):
        # SPM: prefix and suffix markers side by side, the prefix after the middle.
        return _marked(before, _after_marker(after, markers), _before_marker(end, markers))
    start = _before_marker(_after_marker(prefix, markers), markers)
    # What follows the middle has been typed already.
    return _marked(before, start + after, _before_marker(end, markers))


def _suffix_first(text: str, markers: _Markers) -> MarkedPrompt | None:
    before, _, rest = text.partition(markers.suffix)
    end, found, prefix = rest.partition(markers.prefix)
    if not found:
        return None
    if markers.middle:
        prefix, _, typed = prefix.rpartition(markers.middle)
        prefix += typed
    return _marked(before, prefix, end)


def _after_marker(text: str, markers: _Markers) -> str:
    return text.removeprefix(" ") if markers.space else text


def _before_marker(text: str, markers: _Markers) -> str:
    return text.removesuffix(" ") if markers.space else text


def _marked(before: str, prefix: str, suffix: str) -> MarkedPrompt:
    return MarkedPrompt(prefix, suffix, _FILE_MARKERS.sub("\n", before).strip("\n"))
