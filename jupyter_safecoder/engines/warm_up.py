"""Warms an engine up, so that the first user does not wait for what is compiled at first use."""

from __future__ import annotations

from .engine import Engine


def warm_up(engine: Engine, prompt_tokens: int) -> None:
    """Run one request for two tokens to its end.

    Parameters
    ----------
    engine
        Loaded, with nothing to do. Its request number 0 is used up.
    prompt_tokens
        Length of the prompt; one more than a chunk makes the engine compute both a chunk and the
        rest of a prompt.
    """
    engine.submit(0, [0] * prompt_tokens, (), 2)
    while engine.busy():
        engine.step()
