"""The budget of a prompt: how many tokens each of its parts may have."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Average number of characters of a token, over a budget, that the tokenizers in use never exceed.
#: Text beyond is cut before it is tokenized, so that a cell of 5 MB costs nothing.
CHARACTERS_PER_TOKEN = 16
#: What each source may have, as a share of the budget of the cells above.
_SOURCE_SHARES = {"below": 1 / 8, "kernel": 1 / 4, "modules": 1 / 4, "files": 1 / 8}
#: Tokens reserved for the completion (at most a quarter of the window) and for special tokens.
_COMPLETION_TOKENS, _SPECIAL_TOKENS = 160, 16


def completion_room(window: int) -> int:
    """Return how many tokens of a context window are not the prompt's parts."""
    return _SPECIAL_TOKENS + min(_COMPLETION_TOKENS, window // 4)


@dataclass(frozen=True)
class Budget:
    """Maximum numbers of tokens in the parts of a prompt.

    Parameters
    ----------
    context
        For the cells above the current one.
    prefix
        For the current cell before the cursor.
    suffix
        For the current cell after the cursor.
    below
        For the cells below the current one.
    kernel
        For the names in the kernel.
    modules
        For the signatures of local modules.
    files
        For parts of other documents.
    """

    context: int
    prefix: int
    suffix: int
    below: int = 0
    kernel: int = 0
    modules: int = 0
    files: int = 0

    @property
    def total(self) -> int:
        """All parts together, in tokens."""
        cell = self.prefix + self.suffix
        return self.context + cell + self.below + self.kernel + self.modules + self.files

    def with_sources(self, room: int) -> Budget:
        """Return this budget with shares for what is outside of the cells above.

        Parameters
        ----------
        room
            Number of tokens that the context window has left for them.
        """
        share = max(0.0, min(1.0, room / (self.context * sum(_SOURCE_SHARES.values()) or 1)))
        sources = {name: int(self.context * part * share) for name, part in _SOURCE_SHARES.items()}
        return replace(self, **sources)
