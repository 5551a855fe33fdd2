"""Types passages of notebooks key by key through a runtime, as a user does in JupyterLab.

Keys come at a constant pace. A suggestion can be taken only if it is in the editor when the next
key comes, and is taken if it is right. While a request runs, time is real; all other time is
skipped, since nothing happens in it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.percentiles import percentiles
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Done, Error, Text

from .editor import PAUSE_MS, Editor
from .passages import Passage
from .pause import MEMORY, adapted_pause
from .typist import PARTS, Key, Part, count_characters, next_key, right_part

#: The time between two keys of a typist of 52 words a minute, of five characters each: the mean of
#: 168,000 volunteers (Dhakal et al. 2018, "Observations on Typing from 136 Million Keystrokes",
#: doi 10.1145/3173574.3174220).
KEY_MS = 230.0

_POLL_S = 0.002


@dataclass(frozen=True)
class Typing:
    """How notebooks are typed.

    Parameters
    ----------
    accept
        What is taken with one key: the first line or the first word of a suggestion.
    key_ms
        Milliseconds between two keys.
    close_brackets
        Whether the editor inserts closing brackets.
    """

    accept: Part = "line"
    key_ms: float = KEY_MS
    close_brackets: bool = False


@dataclass
class _Counts:
    """Sums over all passages."""

    keys: int = 0
    characters: int = 0
    taken: int = 0
    shown: int = 0
    right: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    requests: int = 0
    tokens: int = 0
    ttft_ms: list[float] = field(default_factory=list)

    def add_key(self, key: Key) -> None:
        self.keys += 1
        self.characters += count_characters(key.text)
        self.taken += count_characters(key.text) if key.kind == "take" else 0


def bench_replay(
    client: CompletionClient,
    passages: Sequence[Passage],
    typing: Typing,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Type passages, and report what the suggestions were worth.

    Parameters
    ----------
    client
        A client of a runtime that is ready.
    passages
        From :func:`.passages.draw_passages`.
    typing
        How they are typed.
    progress
        Called with the number of characters that are written.

    Returns
    -------
    dict
        ``saved`` is the share of characters that were taken from suggestions, ``shown`` the number
        of suggestions per 100 keys, ``right`` the share of them that could be taken; the other
        fields are described in ``docs/reference/cli.md``. Shares are ``None`` if they are of
        nothing.

    Raises
    ------
    RuntimeRequestError
        If the runtime refuses a request, or the connection is lost.
    """
    counts = _Counts()
    document = secrets.token_hex(8)
    for passage in passages:
        _PassageReplay(client, passage, document, typing, counts, progress).run()
    right = {part: _share(number, counts.shown) for part, number in counts.right.items()}
    return {
        "keys": counts.keys,
        "characters": counts.characters,
        "saved": _share(counts.taken, counts.characters),
        "shown": round(100 * counts.shown / counts.keys, 2) if counts.keys else None,
        "right": right[typing.accept],
        "right_line": right["line"],
        "right_word": right["word"],
        "requests": counts.requests,
        "tokens": counts.tokens,
        "ttft_ms": percentiles(counts.ttft_ms),
        "lines": sum(passage.text.count("\n") + 1 for passage in passages),
    }


def _share(part: int, total: int) -> float | None:
    return round(part / total, 4) if total else None


class _Answer:
    """A request that runs, and what it has cost."""

    def __init__(self, client: CompletionClient, request: CompletionRequest) -> None:
        self._events = client.poll_events(request, _POLL_S)
        self._sent = time.perf_counter()
        self._ttft_ms: float | None = None
        self._tokens = 0
        self.is_complete = False

    def receive(self, editor: Editor, until: float) -> bool:
        """Pass events to the editor until the answer is complete, or the time is up.

        Returns whether the editor sends another request now.
        """
        for event in self._events:
            if isinstance(event, Error):
                raise RuntimeRequestError(event.message, event.remedy)
            if isinstance(event, Text | Done) and self._ttft_ms is None:
                self._ttft_ms = self._elapsed_ms()
            if isinstance(event, Done):
                self._tokens = event.completion_tokens
                self.is_complete = True
                return editor.finish(event.text, event.finish_reason)
            if isinstance(event, Text):
                self._tokens = event.tokens
                editor.receive(event.text, event.unconfirmed)
            if time.perf_counter() >= until:
                return False
        raise RuntimeRequestError("The runtime sent no result.")

    def close(self, counts: _Counts) -> None:
        """Cancel the request if it still runs, and count it.

        One that had no token yet counts with the time that it had: leaving it out would make a slow
        model look fast.
        """
        self._events.close()
        counts.requests += 1
        counts.tokens += self._tokens
        ttft_ms = self._elapsed_ms() if self._ttft_ms is None else self._ttft_ms
        counts.ttft_ms.append(ttft_ms)

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._sent) * 1000


class _PassageReplay:
    """A passage that is typed."""

    def __init__(
        self,
        client: CompletionClient,
        passage: Passage,
        document: str,
        typing: Typing,
        counts: _Counts,
        progress: Callable[[int], None],
    ) -> None:
        self._client = client
        self._passage = passage
        self._document = document
        self._typing = typing
        self._counts = counts
        self._progress = progress
        self._editor = Editor(passage.prefix, typing.close_brackets)
        self._answer: _Answer | None = None

    def run(self) -> None:
        """Type it. What the last key asks for is not sent: nothing is written after it."""
        self._open()
        rest = self._passage.text
        right: dict[Part, set[int]] = {part: set() for part in PARTS}
        while rest:
            editor = self._editor
            for part, found in right.items():
                if right_part(editor.suggestion, rest, editor.suffix, part):
                    found.add(editor.shown)
            key = next_key(editor.suggestion, rest, editor.suffix, self._typing.accept)
            rest = rest[len(key.text) :]
            self._counts.add_key(key)
            self._progress(self._counts.characters)
            if rest:
                self._press(key)
        self._stop()
        self._counts.shown += self._editor.shown
        for part, found in right.items():
            self._counts.right[part] += len(found)

    def _open(self) -> None:
        """Have the text above computed, as it is where a user has just typed it."""
        options = CompletionOptions(max_tokens=1)
        while self._client.complete(self._request(options)).finish_reason == "deadline":
            pass  # The next request goes on from there.

    def _press(self, key: Key) -> None:
        """Press a key, and let the time pass until the next one."""
        gaps, ttfts = [self._typing.key_ms] * MEMORY, self._counts.ttft_ms[-MEMORY:]
        pause_s = adapted_pause(PAUSE_MS, gaps, ttfts) / 1000
        seconds = self._typing.key_ms / 1000
        is_request = _apply(self._editor, key)
        is_cancelled = False
        if self._answer and not self._editor.is_waiting:
            is_cancelled = not self._answer.is_complete
            self._stop()
        if is_request and seconds > pause_s:
            if is_cancelled:
                # The engine has this time to end what was cancelled.
                time.sleep(pause_s)
            self._send()
            seconds -= pause_s
        until = time.perf_counter() + seconds
        while self._answer and self._answer.receive(self._editor, until):
            self._stop()
            self._send()

    def _send(self) -> None:
        self._editor.send()
        options = CompletionOptions(trigger="automatic")
        self._answer = _Answer(self._client, self._request(options))

    def _stop(self) -> None:
        if self._answer:
            self._answer.close(self._counts)
            self._answer = None

    def _request(self, options: CompletionOptions) -> CompletionRequest:
        return CompletionRequest(
            self._editor.prefix,
            self._editor.suffix,
            before=self._passage.before,
            language=self._passage.language,
            document=self._document,
            options=options,
        )


def _apply(editor: Editor, key: Key) -> bool:
    """Press a key in the editor; returns whether to send a request after the pause."""
    if key.kind == "delete":
        editor.delete()
        return False
    if key.kind == "take":
        return editor.take(key.text)
    return editor.insert(key.text) if key.text.startswith("\n") else editor.press(key.text)
