"""How much of an engine's KV cache running requests hold."""

from __future__ import annotations

from jupyter_safecoder.engines import Engine
from jupyter_safecoder.engines.openvino import OpenVinoEngine
from jupyter_safecoder.engines.slots.batching import ContinuousBatchingEngine


def kv_cache_usage(engine: Engine) -> float:
    """Return the share of the KV cache that running requests hold, 0 to 1.

    OpenVINO's metrics are those of before the last step.
    """
    if isinstance(engine, OpenVinoEngine):
        return float(engine._pipeline.get_metrics().cache_usage) / 100
    assert isinstance(engine, ContinuousBatchingEngine)
    used = sum(slot.cached_tokens for slot in engine._slots if slot.request)
    return used / (len(engine._slots) * engine._window)
