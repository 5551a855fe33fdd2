"""A typist at JupyterLab: types a text key by key, makes errors, takes what is right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page

from jupyter_safecoder.errors import CheckFailed
from jupyter_safecoder.evaluation.replay.typist import count_characters, next_key

from .rhythm import Rhythm

#: Keys of JupyterLab and of our extension.
_TAKE_ALL, _TAKE_LINE = "Tab", "Alt+,"
#: Most keys that correct one place: more mean that the editor does something else than expected.
_MAX_CORRECTIONS = 400


@dataclass
class Typed:
    """What was typed, over all texts.

    Parameters
    ----------
    kinds
        The kind of each key: ``type``, ``take``, ``wrong`` or ``correct``.
    characters
        Characters that were written.
    taken, agreed
        Those of them that were taken from suggestions, and that were typed as one showed them.
    """

    kinds: list[str] = field(default_factory=list)
    characters: int = 0
    taken: int = 0
    agreed: int = 0


class Typist:
    """Types into the active cell.

    Parameters
    ----------
    page
        The page with ``probe.js``.
    rhythm
        When keys come, and which are wrong.
    typed
        Gets what was typed.
    max_keys
        After so many keys nothing more is typed.
    progress
        Called with the number of keys.
    """

    def __init__(
        self,
        page: Page,
        rhythm: Rhythm,
        typed: Typed,
        max_keys: int,
        progress: Callable[[int], None] = lambda keys: None,
    ) -> None:
        self._page = page
        self._rhythm = rhythm
        self._typed = typed
        self._max_keys = max_keys
        self._progress = progress
        self._due = time.perf_counter()

    def write(self, text: str) -> str:
        """Type until the text before the cursor is this one; returns what it is in the end.

        Parameters
        ----------
        text
            The whole text of the cell; it begins with what is before the cursor now.

        Raises
        ------
        CheckFailed
            If the editor cannot be brought to this text.
        """
        following = text[:1]
        while True:
            self._wait(self._rhythm.pause_ms(following))
            before, ghost = self._read()
            if before == text or len(self._typed.kinds) >= self._max_keys:
                return before
            if not text.startswith(before):
                self._correct(text)
                continue
            rest = text[len(before) :]
            following = rest[1:2]
            key = next_key(ghost, rest, "", "line")
            if key.kind == "take":
                self._take(ghost, rest, key.text)
            elif wrong := self._rhythm.slip(rest[0]):
                self._mistake(wrong, rest[1:])
                self._correct(text)
            else:
                self._typed.characters += 1
                self._typed.agreed += ghost[:1] == rest[0]
                self._press(rest[0], "type")

    def _take(self, ghost: str, rest: str, line: str) -> None:
        is_all = rest.startswith(ghost.rstrip())
        taken = ghost.rstrip() if is_all else line
        self._typed.characters += count_characters(taken)
        self._typed.taken += count_characters(taken)
        self._press(_TAKE_ALL if is_all else _TAKE_LINE, "take")

    def _mistake(self, wrong: str, rest: str) -> None:
        """Press a wrong key, and more keys before it is noticed."""
        self._press(wrong, "wrong")
        for late in rest.partition("\n")[0][: self._rhythm.late_keys()]:
            self._wait(self._rhythm.pause_ms(late))
            self._press(late, "wrong")

    def _correct(self, text: str) -> None:
        """Delete what is wrong, also what the editor has indented too far."""
        self._wait(self._rhythm.notice_ms())
        for _ in range(_MAX_CORRECTIONS):
            before, _ghost = self._read()
            if text.startswith(before):
                return
            self._press("Backspace", "correct")
            self._wait(self._rhythm.pause_ms("a"))
        raise CheckFailed("The editor does not hold what was typed.", "Look at the page.")

    def _wait(self, pause_ms: float) -> None:
        """Wait until the next key is due."""
        self._due = max(self._due + pause_ms / 1000, time.perf_counter())
        time.sleep(max(0.0, self._due - time.perf_counter()))

    def _press(self, key: str, kind: str) -> None:
        if key == "\n":
            self._page.keyboard.press("Enter")
        elif len(key) == 1:
            self._page.keyboard.type(key)
        else:
            self._page.keyboard.press(key)
        self._typed.kinds.append(kind)
        self._progress(len(self._typed.kinds))

    def _read(self) -> tuple[str, str]:
        """Return the text before the cursor, and the suggestion, when the next key is due."""
        state = self._page.evaluate("window.safecoderProbe.read()")
        return state["before"], state["ghost"]
