"""Estimates of memory, and candidates that are not usable; choices among them: ``choice.toml``."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.engines.selection.candidates import engine_candidates, needed_bytes
from jupyter_safecoder.models import EMBEDDED, resolve_model

CPU = Accelerator("cpu", "CPU", cores=2)


def test_fewer_bits_need_less_memory() -> None:
    needed = [needed_bytes(10**9, precision) for precision in ("int4", "int8", "fp16", "fp32")]
    assert needed == sorted(needed)
    assert needed[-1] == 5 * 10**9  # 4 bytes for each weight, and 1 GB besides


def test_unusable_candidates_have_a_blocker_and_a_remedy() -> None:
    gpu = Accelerator("cuda", "NVIDIA H100", features=("sm_90",))
    candidates = list(engine_candidates(resolve_model(EMBEDDED), [CPU, gpu], {}, ()))
    assert [(c.engine, c.device) for c in candidates] == [
        ("transformers", "cuda"),
        ("openvino", "CPU"),
    ]
    assert all(candidate.blocker and candidate.remedy for candidate in candidates)


@pytest.mark.parametrize("order", [1, -1])
def test_the_fastest_kind_comes_first(order: int) -> None:
    accelerators = [CPU, Accelerator("intel-gpu", "GPU"), Accelerator("cuda", "GPU")][::order]
    candidates = engine_candidates(resolve_model(EMBEDDED), accelerators, {}, ())
    assert [c.device for c in candidates] == ["cuda", "GPU", "CPU"]
