"""The choice by its cases, ``cases/choice.toml``; defaults of a case are in ``_case``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.engines.selection.choice import EnginePreferences, Machine, rank_choices
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.models import GgufContent, ModelDescription

CASES = read_toml(Path(__file__).parent / "cases" / "choice.toml")["case"]
INSTALLED = {
    **{"openvino-genai": "2026.4", "torch": "2.13.0+cpu", "transformers": "4.57"},
    **{"optimum-intel": "2.1", "nncf": "3.4"},
}
#: A Q4_K_M that OpenVINO reads, and that is better converted.
GGUF: dict[str, Any] = {
    **{"parameters": 10**9, "quantization": "Q4_K_M", "kv_values": 64},
    **{"servable_unchanged": True, "convertible": True, "faster_converted": True},
}


def _case(case: dict[str, Any]) -> tuple[ModelDescription, Machine, EnginePreferences, int]:
    model = ModelDescription(
        name="tiny",
        family="starcoder",
        layouts=("spm",),
        default_layout="spm",
        context_window=256,
        context_tokens=64,
        prefix_tokens=64,
        suffix_tokens=64,
        languages=("python",),
        license="Apache-2.0",
        format=case.get("format", "checkpoint"),
        architecture=case.get("architecture", "gpt_bigcode"),
        weights=Path("tiny"),
        tokenizer=Path("tiny/tokenizer.json"),
        files=(),
        gguf=GgufContent(**{**GGUF, **case["gguf"]}) if "gguf" in case else None,
    )
    memory = int(case.get("memory", 32) * 1e9) or None
    cpu = Accelerator("cpu", "AMD EPYC", memory, ("avx2",), 2)
    others = [
        Accelerator(**{**a, "features": tuple(a.get("features", ()))})
        for a in case.get("accelerators", ())
    ]
    installed = {**INSTALLED, **case.get("installed", {})}
    machine = Machine(
        [cpu, *others],
        {name: version for name, version in installed.items() if version},
        case.get("openvino_devices", ()),
    )
    return (
        model,
        machine,
        EnginePreferences(**case.get("preferences", {})),
        int(case.get("parameters", 1) * 1e9),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_choice(case: dict[str, Any]) -> None:
    assert ("choices" in case) != ("error" in case)
    if "error" in case:
        with pytest.raises(EngineError) as raised:
            rank_choices(*_case(case))
        assert case["error"] in raised.value.reason
        assert case["remedy"] in raised.value.remedy
        return
    choices = rank_choices(*_case(case))
    named = [" ".join(filter(None, (c.engine, c.device, c.precision))) for c in choices]
    assert named == case["choices"]
    for part in case.get("why", ()):
        assert part in choices[0].why
    for choice in choices:
        assert choice.why.endswith(".")
        assert choice.why.count("\n") == 0
