"""Of a configuration of PEFT, the fields that are used are read, and only they are written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.adapters.lora import check_lora
from jupyter_safecoder.adapters.peft_files import CONFIG, read_config, write_config
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.errors import FinetuneError
from tests.support.plain_lora import write_lora

LAYER = "base_model.model.model.layers.0.mlp.up_proj"
_FIELDS = {
    *("base_model_name_or_path", "peft_type", "task_type", "inference_mode", "bias", "r"),
    *("lora_alpha", "lora_dropout", "rank_pattern", "alpha_pattern", "use_rslora"),
    *("trainable_token_indices", "target_modules"),
}
#: Fields without effect, as PEFT writes them or as they could be misused.
_FOREIGN: dict[str, Any] = {
    "megatron_core": "evil.module",
    "base_model_name_or_path": "/home/ann/secret/model",
    "revision": "x",
    "peft_version": "9",
    "target_modules": ".*(a+)+$",
    "exclude_modules": "x",
    "layers_to_transform": [0],
    "layers_pattern": "layers",
    "lora_dropout": 0.5,
    "qalora_group_size": 16,
}


def _write(directory: Path, **config: Any) -> Path:
    weights = {
        f"{LAYER}.lora_A.weight": numpy.ones((2, 3)),
        f"{LAYER}.lora_B.weight": numpy.ones((4, 2)),
    }
    return write_lora(directory, weights, **config)


def test_only_known_fields_are_written(tmp_path: Path) -> None:
    adapter = _write(tmp_path / "a", **_FOREIGN)
    write_config(adapter, *check_lora(adapter))
    text = (adapter / CONFIG).read_text()
    config = json.loads(text)
    assert config.keys() == _FIELDS
    assert config["target_modules"] == ["up_proj"]
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (2, 4, 0)
    assert not any(word in text for word in ("evil", "secret", "(a+)+"))
    write_config(adapter, *check_lora(adapter))
    assert (adapter / CONFIG).read_text() == text


def test_the_base_is_named_if_it_is_a_repository(tmp_path: Path) -> None:
    adapter = _write(tmp_path / "a", base_model_name_or_path="Qwen/Qwen2.5-Coder-0.5B")
    assert read_config(adapter)["base_model_name_or_path"] == "Qwen/Qwen2.5-Coder-0.5B"


def test_an_import_with_a_card_is_checked_too(tmp_path: Path) -> None:
    """A card is part of the directory: its author may have written anything."""
    adapter = _write(tmp_path / "a", **_FOREIGN)
    card = {
        **dict.fromkeys(("base", "base_sha256", "corpus_sha256", "reason", "made", "by"), ""),
        **{name: {} for name in ("counts", "recipe", "curves", "scores", "probe", "versions")},
        **{"name": "theirs", "accepted": True},
    }
    registry = Registry(tmp_path / "cache")
    for name, extra in (("theirs", {}), ("other", {"layer_replication": [[0, 30]] * 100})):
        config = json.loads((adapter / CONFIG).read_text()) | extra
        (adapter / CONFIG).write_text(json.dumps(config))
        files = {path.name: _sha256(path) for path in adapter.glob("adapter_*")}
        (adapter / "card.json").write_text(json.dumps({**card, "name": name, "files": files}))
        if not extra:
            imported = registry.import_(adapter)
            imported.verify()
            assert json.loads((imported.directory / CONFIG).read_text()).keys() == _FIELDS
        else:
            with pytest.raises(FinetuneError, match="not a plain LoRA: see layer_replication"):
                registry.import_(adapter)
    assert [adapter.name for adapter in registry.all()] == ["theirs"]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
