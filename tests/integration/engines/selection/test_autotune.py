"""Measuring a real engine."""

from __future__ import annotations

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.engines.selection.autotune import measure_engine
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.telemetry import silence_telemetry


def test_the_embedded_model() -> None:
    silence_telemetry()
    model = resolve_model(EMBEDDED)
    engine = make_engine("openvino", model, EngineOptions())
    engine.load()
    ttft_ms, tpot_ms = measure_engine(engine, model.context_window, seconds=0.5)
    # A prompt of 256 tokens that is not in the cache takes longer than a token.
    assert ttft_ms > tpot_ms > 0
    assert not engine.busy()
