"""Masks the keys and passwords of a completion request: none of them is in a prompt.

Pure functions. What is found in a text is kept (see ``secrets/cell.py``), so that a keystroke costs
the search of the current cell alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jupyter_safecoder.editor_protocols.pieces import cut
from jupyter_safecoder.protocol import Cell, CompletionRequest, Excerpt, KernelName
from jupyter_safecoder.secrets import (
    MASKED,
    MAX_CHARACTERS,
    PLACEHOLDERS,
    Secret,
    replace_spans,
    search,
    search_cells,
)

#: Characters of the current cell on each side of the cursor that are searched.
_CURSOR_CHARACTERS = 8_192
#: A cell with so many characters is searched in two parts. The second has at least so many lines
#: above the cursor, and begins at a multiple of so many.
_MIN_SPLIT_CHARACTERS, _MIN_LINES_ABOVE, _STEP_LINES = 600, 4, 8
#: What may begin a value of several lines.
_SEVERAL_LINES = re.compile(r"\"{3}|'{3}|BEGIN|\\\n|^\s*[!%]", re.MULTILINE)


@dataclass(frozen=True)
class MaskedRequest:
    """A request without keys and passwords.

    Parameters
    ----------
    request
        The request with placeholders.
    at_cursor
        Whether the cursor is in one of them: there is nothing to suggest.
    """

    request: CompletionRequest
    at_cursor: bool


def mask_request(request: CompletionRequest, max_characters: int) -> MaskedRequest:
    """Return a request with placeholders for its keys and passwords.

    Cells that are so far from the cursor that no prompt has them, and those that are too large to
    be searched, are left out.

    Parameters
    ----------
    request
        The request.
    max_characters
        Maximum number of characters that the cells above have in a prompt; the same for the cells
        below.
    """
    above = _nearest(request.before[::-1], max_characters)[::-1]
    below = _nearest(request.below, max_characters)
    start = max(0, len(request.prefix) - _CURSOR_CHARACTERS)
    prefix, suffix = request.prefix[start:], request.suffix[:_CURSOR_CHARACTERS]
    head, tail = _parts(prefix, suffix)
    current = [Cell("code", head), Cell("code", tail)]
    others = [Cell("code", excerpt.text) for excerpt in (*request.modules, *request.files)]
    others += [Cell("markdown", text) for name in request.kernel for text in _texts(name)]
    found, _ = search_cells([*above, *current, *below, *others])

    def mask_cell(cell: Cell, index: int) -> Cell:
        source, output = found[index].source, found[index].output
        if not (source or output):
            return cell
        return replace(cell, source=_mask(cell.source, source), output=_mask(cell.output, output))

    first_below = len(above) + len(current)
    first_other = first_below + len(below)
    masked_above = tuple(mask_cell(cell, n) for n, cell in enumerate(above))
    in_head, in_tail = found[len(above)].source, found[len(above) + 1].source
    own = [*in_head, *(replace(one, start=one.start + len(head)) for one in in_tail)]
    before_cursor, after_cursor, at_cursor = _split(own, len(prefix))
    masked_prefix = request.prefix[:start] + _mask(prefix, before_cursor)
    masked_suffix = _mask(suffix, after_cursor) + request.suffix[_CURSOR_CHARACTERS:]
    masked_below = tuple(mask_cell(cell, n) for n, cell in enumerate(below, first_below))
    texts = iter([mask_cell(cell, n).source for n, cell in enumerate(others, first_other)])
    masked = replace(
        request,
        prefix=masked_prefix,
        suffix=masked_suffix,
        before=masked_above,
        below=masked_below,
        modules=tuple(Excerpt(one.path, next(texts)) for one in request.modules),
        files=tuple(Excerpt(one.path, next(texts)) for one in request.files),
        kernel=tuple(
            replace(
                name,
                signature=next(texts),
                doc=next(texts),
                keys=tuple(next(texts).split("\n")) if name.keys else (),
            )
            for name in request.kernel
        ),
    )
    return MaskedRequest(masked, at_cursor)


def mask_file(request: CompletionRequest) -> CompletionRequest:
    """Return a request of another editor with placeholders for its keys and passwords.

    Such a request has the text of a file, without cells. Its cells above are other files.

    Parameters
    ----------
    request
        The request.
    """
    line, newline, rest = request.suffix.partition("\n")
    above, below = cut(request.prefix), cut(rest)
    others = [cut(cell.source) for cell in request.before]
    pieces = [*(piece for other in others for piece in other), *above[:-1]]
    masked = mask_request(
        replace(
            request,
            prefix="".join(above[-1:]),
            suffix=line + newline,
            before=tuple(Cell("code", piece) for piece in pieces if piece),
            below=tuple(Cell("code", piece) for piece in below),
        ),
        len(request.prefix) + len(request.suffix) + sum(map(len, pieces)),
    ).request
    sources = iter([cell.source for cell in masked.before])
    files = tuple(Cell("code", "".join(islice(sources, len(other)))) for other in others)
    return replace(
        masked,
        prefix="".join(sources) + masked.prefix,
        suffix=masked.suffix + "".join(cell.source for cell in masked.below),
        before=files,
        below=(),
    )


def suggests_secret(prefix: str, text: str) -> bool:
    """Return whether a suggestion has a key or a password, or a placeholder of one.

    Parameters
    ----------
    prefix
        Text before the cursor; its last line is read.
    text
        The suggestion.
    """
    if any(placeholder in text for placeholder in PLACEHOLDERS):
        return True
    line = prefix[-_CURSOR_CHARACTERS:].rpartition("\n")[2]
    start = len(line)
    return any(
        secret.placeholder in MASKED and secret.end > start
        for secret in search(line + text, code=True).found
    )


def _mask(text: str, secrets: Iterable[Secret]) -> str:
    masked = [secret for secret in secrets if secret.placeholder in MASKED]
    return replace_spans(text, masked) if masked else text


def _parts(prefix: str, suffix: str) -> tuple[str, str]:
    """Return the current cell in two parts, the first of which stays the same for many keys.

    A cell with values of several lines is one part: what they are is seen by their first line.
    """
    text = prefix + suffix
    if len(text) < _MIN_SPLIT_CHARACTERS or _SEVERAL_LINES.search(text):
        return "", text
    lines = prefix.count("\n") - _MIN_LINES_ABOVE
    lines -= lines % _STEP_LINES
    if lines <= 0:
        return "", text
    place = -1
    for _ in range(lines):
        place = prefix.index("\n", place + 1)
    return text[: place + 1], text[place + 1 :]


def _nearest(cells: Sequence[Cell], max_characters: int) -> list[Cell]:
    """Return the first cells that have so many characters together; none is too large."""
    nearest, characters = [], 0
    for cell in cells:
        if max(len(cell.source), len(cell.output)) > MAX_CHARACTERS:
            continue
        characters += len(cell.source)
        if characters > max_characters:
            break
        nearest.append(cell)
    return nearest


def _texts(name: KernelName) -> Iterator[str]:
    """Yield the texts of a name that may have a secret."""
    yield from (name.signature, name.doc)
    if name.keys:
        yield "\n".join(key.replace("\n", " ") for key in name.keys)


def _split(secrets: Iterable[Secret], cursor: int) -> tuple[list[Secret], list[Secret], bool]:
    """Return the secrets before and after the cursor, and whether it is in one, which is split."""
    before, after, at_cursor = [], [], False
    for secret in secrets:
        cut = cursor - secret.start
        if secret.start >= cursor:
            after.append(replace(secret, start=-cut))
        elif secret.end < cursor:
            before.append(secret)
        else:
            at_cursor = at_cursor or secret.placeholder in MASKED
            before.append(replace(secret, value=secret.value[:cut]))
            if secret.value[cut:]:
                after.append(replace(secret, value=secret.value[cut:], start=0))
    return before, after, at_cursor
