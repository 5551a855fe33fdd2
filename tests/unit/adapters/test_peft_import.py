"""Adapters of PEFT get a card if they fit the base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.peft_import import card_for_peft_adapter
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription, resolve_model
from tests.support.plain_lora import matrices_for, write_lora

LAYER = "transformer.h.0.attn.c_attn"


@pytest.fixture
def base(intact_checkpoint: Path) -> ModelDescription:
    return resolve_model(str(intact_checkpoint))


def test_a_lora_that_fits(base: ModelDescription, tmp_path: Path) -> None:
    card = card_for_peft_adapter(
        write_lora(tmp_path / "a", matrices_for(base, LAYER)), "ours", base, "0" * 64, "grace"
    )
    assert (card.name, card.base, card.by) == ("ours", base.name, "grace")
    assert card.recipe == {"rank": 2, "alpha": 4}
    assert not card.accepted
    assert card.reason == "Imported without a card: it has not been evaluated."


@pytest.mark.parametrize(
    ("layer", "config", "reason"),
    [
        (LAYER, {"use_dora": True}, "is not a plain LoRA"),
        (LAYER, {"r": 4}, "has no valid r"),
        ("transformer.h.7.attn.c_attn", {}, "which tiny does not have"),
        ("transformer.h.0.mlp.c_proj", {}, "for layers of another size than those of tiny"),
    ],
)
def test_what_does_not_fit(
    layer: str, config: dict[str, Any], reason: str, base: ModelDescription, tmp_path: Path
) -> None:
    weights = {
        key.replace(LAYER, layer): values for key, values in matrices_for(base, LAYER).items()
    }
    with pytest.raises(FinetuneError, match=reason):
        card_for_peft_adapter(write_lora(tmp_path / "a", weights, **config), "ours", base, "", "")


def test_no_adapter_at_all(base: ModelDescription, tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="is no adapter: it lacks"):
        card_for_peft_adapter(tmp_path, "ours", base, "", "")
