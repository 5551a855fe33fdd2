"""When the keys of a typist come, and which of them are wrong.

Pauses between keys are distributed log-normally (González et al. 2021, "On the shape of timings
distributions in free-text keystroke dynamics profiles"). Their mean is near the 238 ms of 168,000
volunteers (Dhakal et al. 2018, "Observations on Typing from 136 Million Keystrokes"). What is known
by heart comes in bursts, as fast as the fastest of them type.
"""

from __future__ import annotations

from random import Random

#: Medians of pauses in ms: within a word, before a word, a sign or a line, in a burst, and before
#: an error is corrected.
_WORD_MS, _START_MS, _BURST_MS, _NOTICE_MS = 165.0, 260.0, 70.0, 380.0
#: Standard deviation of the logarithm of a pause; shortest and longest pause in ms.
_SIGMA, _MIN_MS, _MAX_MS = 0.4, 30.0, 1500.0
#: Probabilities that a burst begins at a key, and that a key is wrong.
_BURST, _SLIP = 0.06, 0.025
_BURST_KEYS = (4, 9)
#: Most keys that are pressed before an error is noticed.
_LATE_KEYS = 2
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


class Rhythm:
    """The keys of one typist; equal seeds give equal ones.

    Parameters
    ----------
    seed
        Seed of the pauses and errors.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self._burst = 0

    def pause_ms(self, character: str) -> float:
        """Return the pause before the key of a character."""
        if self._burst:
            self._burst -= 1
            return self._draw(_BURST_MS)
        if self._random.random() < _BURST:
            self._burst = self._random.randint(*_BURST_KEYS)
        return self._draw(_WORD_MS if character.isalnum() else _START_MS)

    def slip(self, character: str) -> str:
        """Return the wrong key that is pressed instead of a character; empty: the right one."""
        neighbours = _neighbours(character)
        if not neighbours or self._random.random() >= _SLIP:
            return ""
        self._burst = 0
        return self._random.choice(neighbours)

    def late_keys(self) -> int:
        """Return how many more keys are pressed before an error is noticed."""
        return self._random.randint(0, _LATE_KEYS)

    def notice_ms(self) -> float:
        """Return the pause before an error is corrected."""
        return self._draw(_NOTICE_MS)

    def _draw(self, median: float) -> float:
        return min(_MAX_MS, max(_MIN_MS, median * self._random.lognormvariate(0.0, _SIGMA)))


def _neighbours(character: str) -> str:
    """Return the letters beside a letter on a keyboard."""
    for row in _ROWS:
        at = row.find(character) if character else -1
        if at >= 0:
            return row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    return ""
