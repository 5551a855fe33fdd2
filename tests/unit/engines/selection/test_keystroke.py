"""Measuring a keystroke."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import EngineOptions
from jupyter_safecoder.engines.engine import EngineOutput
from jupyter_safecoder.engines.scripted import ScriptedEngine, write_scripted_model
from jupyter_safecoder.engines.selection.keystroke import measure_keystroke
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import ModelDescription, resolve_model


class _Recorded(ScriptedEngine):
    """Records the prompts."""

    def __init__(self, model: ModelDescription, options: EngineOptions) -> None:
        super().__init__(model, options)
        self.prompts: list[list[int]] = []

    def submit(
        self, request: int, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int
    ) -> None:
        self.prompts.append(list(prompt))
        super().submit(request, prompt, stop_ids, max_tokens)


def _measure(directory: Path, **script: Any) -> tuple[float, Any]:
    model = resolve_model(str(write_scripted_model(directory, script)))
    engine: Any = _Recorded(model, EngineOptions())
    engine.load()
    try:
        return measure_keystroke(engine, model), engine
    finally:
        assert not engine.busy()


def test_every_key_but_the_first_appends_to_a_prompt(tmp_path: Path) -> None:
    elapsed, engine = _measure(tmp_path, otherwise="pass")
    assert elapsed > 0
    texts = [engine.tokenizer.decode(ids) for ids in engine.prompts]
    typed = texts[len(texts) // 2 :]
    assert len(typed) == 7
    assert all(later.count("result = ") == 1 for later in typed[1:])
    assert len(engine.prompts[0]) > 300


class _Refusing(ScriptedEngine):
    """Cannot hold any prompt."""

    def step(self) -> list[EngineOutput]:
        (number,) = self._running
        self.cancel(number)
        return [EngineOutput(number, [], "refused")]


def test_a_model_that_generates_nothing_cannot_be_measured(tmp_path: Path) -> None:
    model = resolve_model(str(write_scripted_model(tmp_path, {})))
    engine: Any = _Refusing(model, EngineOptions())
    engine.load()
    with pytest.raises(EngineError, match="no token"):
        measure_keystroke(engine, model)
