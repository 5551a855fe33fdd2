"""Runs a model on a prompt whose completion its card has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jupyter_safecoder.conversion import find_converted, needs_conversion
from jupyter_safecoder.engines.engine import Engine
from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.cards import Check, Probe
from jupyter_safecoder.runtime.loading import build_engine, choose_engine
from jupyter_safecoder.settings import RuntimeSettings

#: Maximum steps of an engine for a prompt of some hundred tokens.
_MAX_STEPS = 1000


def check_probe(
    model: ModelDescription,
    probe: Probe | None,
    requested: RuntimeSettings,
    progress: Callable[[float, str], None],
) -> Check:
    """Return whether a model gives the completion that its card has.

    Parameters
    ----------
    model
        The model.
    probe
        The prompt and its completion; ``None``: the card has none.
    requested
        How the model is served. It is not converted for this check.
    progress
        Called with the share that is done, 0 to 1, and what is being done.
    """
    if probe is None:
        return Check("probe", None, "the card has no completion to compare with")
    try:
        choice = choose_engine(requested, model)
        if needs_conversion(model, choice.engine, choice.precision) and not find_converted(
            model, choice.engine, choice.precision, requested.cache
        ):
            return Check("probe", None, f"it is not converted for {choice.engine} yet")
        progress(0.5, f"Loading {model.name}")
        engine, _ = build_engine(requested, model, choice, progress)
        engine.load()
        ids = complete_greedy(engine, probe.prompt, len(probe.completion))
    except SafeCoderError as error:
        return Check("probe", None, f"it was not run: {error.reason}")
    if ids != [*probe.completion]:
        return Check("probe", False, f"{choice.engine} completes {ids}, not the ids of the card.")
    return Check("probe", True, f"{choice.engine} gives the {len(ids)} ids of the card")


def complete_greedy(engine: Engine, prompt: Sequence[int], max_tokens: int) -> list[int]:
    """Return the ids that an engine writes after a prompt.

    Parameters
    ----------
    engine
        A loaded engine without requests.
    prompt
        Ids of the prompt.
    max_tokens
        Maximum number of ids.
    """
    engine.submit(1, prompt, (), max_tokens)
    ids: list[int] = []
    for _ in range(_MAX_STEPS):
        if not engine.busy():
            break
        for output in engine.step():
            if output.error is not None:
                raise output.error
            ids += output.ids
    return ids
