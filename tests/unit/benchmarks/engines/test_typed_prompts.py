"""The prompts of a user who types."""

from __future__ import annotations

from benchmarks.engines.typed_prompts import typed_prompts
from jupyter_safecoder.models import EMBEDDED, resolve_model


def test_prompts_of_a_user_who_types() -> None:
    prompts = typed_prompts(resolve_model(EMBEDDED), 1000, cold=3, keystrokes=6)
    assert len({prompt[0] for prompt in prompts.cold}) == 3
    assert len({tuple(prompt[1:]) for prompt in prompts.cold}) == 1
    opened = prompts.cold[-1]
    assert 1000 <= len(opened) < 2000
    for prompt in prompts.keystrokes:
        # A keystroke changes only the end of a prompt: the tokens before it stay cached.
        assert prompt[: len(opened) - 2] == opened[:-2]
        assert prompt != opened
        assert len(prompt) <= len(opened) + 6
