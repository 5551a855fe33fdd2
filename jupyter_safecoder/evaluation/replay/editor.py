"""A cell in JupyterLab with the suggestions of the lab extension, without the browser.

It applies the rules of these modules, so that a replay shows what a user sees:

- ``labextension/src/completion/provider.ts`` and ``requests/requests.ts``: what a key does to the
  running request, and when the cache answers; the pause before a request is up to the caller
- ``labextension/src/completion/requests/completionStream.ts``: the text of a request while it comes
- ``labextension/src/completion/inlineCompleter/freshLine.ts``: Enter asks for a suggestion, too
- ``labextension/src/completion/requests/callKind.ts``: deletion asks for none, and shows what is
  known only while a suggestion is shown
- JupyterLab 4.6, ``packages/completer/src/handler.ts`` and ``inline.ts``: when a key asks for a
  suggestion, and how long a suggestion stays

``tests/unit/evaluation/replay/cases/editor.json`` has cases that both implementations must pass. A
replay never asks for a suggestion explicitly, and sends no requests in advance.
"""

from __future__ import annotations

from dataclasses import dataclass

from .brackets import type_character
from .completion_cache import CompletionCache

#: Milliseconds that typing must pause before a request, from
#: ``labextension/src/completion/settings.ts``, before it is adapted.
PAUSE_MS = 60.0

#: Finish reasons of completions that the same request might get longer later.
_PARTIAL = ("deadline", "superseded")


@dataclass
class _Stream:
    """A request that was sent; ``text`` completes ``prefix``, as far as it has come.

    ``unconfirmed`` is as in an event of the protocol, or empty.
    """

    prefix: str
    suffix: str
    text: str = ""
    unconfirmed: str = ""
    is_settled: bool = False

    def remainder(self, prefix: str) -> str | None:
        """Return what remains to be inserted; ``None`` if what was typed does not agree."""
        if not prefix.startswith(self.prefix):
            return None
        typed = prefix.removeprefix(self.prefix)
        if self.text.startswith(typed):
            return self.text[len(typed) :]
        return "" if self.unconfirmed.startswith(typed) else None


class Editor:
    """A cell with its cursor, its suggestion and its running request.

    Parameters
    ----------
    prefix
        Text before the cursor; nothing is after it.
    close_brackets
        Whether Lab inserts closing brackets.

    Attributes
    ----------
    prefix, suffix
        Text before and after the cursor.
    suggestion
        The suggestion in the editor; empty: none.
    shown
        Number of suggestions that became visible. One that grows, or that the user types, stays the
        same suggestion.
    """

    def __init__(self, prefix: str, close_brackets: bool = False) -> None:
        self.prefix = prefix
        self.suffix = ""
        self.suggestion = ""
        self.shown = 0
        self._close_brackets = close_brackets
        self._cache = CompletionCache()
        self._stream: _Stream | None = None
        #: Whether Lab waits for the text of the running request, or shows it.
        self._is_followed = False
        #: Whether the suggestion is of the running request.
        self._is_streamed = False
        #: What remains of a suggestion that Enter removed, though it agreed.
        self._rest = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a request runs, and was not cancelled."""
        return self._stream is not None and not self._stream.is_settled

    def press(self, character: str) -> bool:
        """Press the key of a character; returns whether to send a request after the pause."""
        if not self._close_brackets:
            return self.insert(character)
        suffix = self.suffix
        self.prefix, self.suffix = type_character(self.prefix, self.suffix, character)
        if self.suffix != suffix:
            self.suggestion = ""
        else:
            self._shorten(character)
        return self._fetch()

    def insert(self, text: str) -> bool:
        """Insert a text as one change; returns whether to send a request after the pause."""
        self.prefix += text
        self._shorten(text)
        return self._fetch(is_enter=text.startswith("\n"))

    def take(self, text: str) -> bool:
        """Insert the start of the suggestion, whose rest stays; returns as :meth:`insert`.

        Lab 4.6 can only take a suggestion as a whole; other editors can take its next line or word.
        """
        self.prefix += text
        self.suggestion = self.suggestion[len(text) :]
        return self._fetch()

    def delete(self) -> None:
        """Delete the character after the cursor: only what is known is shown, or nothing."""
        was_shown = bool(self.suggestion)
        self.suffix = self.suffix[1:]
        self.suggestion = ""
        if not was_shown:
            self._stream = None
            self._is_streamed = self._is_followed = False
        elif self._fetch():
            self._is_followed = False

    def send(self) -> None:
        """Start the request of the cursor: no key was pressed in the pause."""
        self._stream = _Stream(self.prefix, self.suffix)
        self._is_followed = True
        self._is_streamed = False

    def receive(self, text: str, unconfirmed: str | None = None) -> None:
        """Take the text that the running request has so far, and what it holds back."""
        assert self._stream is not None
        self._stream.text, self._stream.unconfirmed = text, unconfirmed or ""
        self._follow(self._stream)

    def finish(self, text: str, finish_reason: str) -> bool:
        """Take the final text of the running request; returns whether to send another now.

        That is the case if the user has typed on while it ran, and its text does not agree.
        """
        stream = self._stream
        assert stream is not None
        stream.text, stream.unconfirmed, stream.is_settled = text, "", True
        if finish_reason not in _PARTIAL:
            self._cache.store(stream.suffix, stream.prefix, text)
        self._follow(stream)
        remainder = stream.remainder(self.prefix)
        if self._is_streamed and self._is_followed and remainder == "":
            self.suggestion = ""
        return self._is_followed and remainder is None

    def _shorten(self, inserted: str) -> None:
        """Keep a suggestion that starts with what was inserted on its line; remove any other."""
        agrees = self.suggestion.startswith(inserted)
        rest = self.suggestion[len(inserted) :] if agrees else ""
        is_kept = "\n" not in inserted
        self.suggestion, self._rest = (rest, "") if is_kept else ("", rest)

    def _fetch(self, is_enter: bool = False) -> bool:
        if not is_enter and not self.prefix.rpartition("\n")[2].strip():
            # Lab asks for nothing at the start of a line, and so cancels nothing either.
            self._is_followed = False
            return False
        known = self._cache.find(self.suffix, self.prefix)
        if known is not None:
            self._stream = None
            self._is_streamed = False
            self._show(known)
            return False
        stream = self._stream
        if (
            stream is not None
            and not stream.is_settled
            and (stream.text or stream.unconfirmed)
            and stream.suffix == self.suffix
            and stream.remainder(self.prefix) is not None
        ):
            self._is_followed = True
            self._follow(stream)
            return False
        self._stream = None
        return True

    def _follow(self, stream: _Stream) -> None:
        if self._is_followed and (remainder := stream.remainder(self.prefix)):
            self._is_streamed = True
            self._show(remainder)

    def _show(self, text: str) -> None:
        """Show a suggestion; no text leaves the screen as it is."""
        if not text:
            return
        before = self.suggestion or self._rest
        is_same = bool(before.strip()) and (text.startswith(before) or before.startswith(text))
        if text.strip() and not is_same:
            self.shown += 1
        self.suggestion, self._rest = text, ""
