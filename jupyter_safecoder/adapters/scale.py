"""Scales an adapter that is written: its matrices stay, the factor of their product changes."""

from __future__ import annotations

from pathlib import Path

from .lora import describe_lora
from .peft_files import write_config


def scale_files(adapter: Path, factor: float) -> None:
    """Multiply the change that an adapter makes to its layers.

    Parameters
    ----------
    adapter
        A directory that PEFT wrote.
    factor
        Of ``lora_alpha``; trained rows of embeddings stay as they are.

    Raises
    ------
    FinetuneError, ModelError
        If it is not a plain LoRA, or is damaged.
    OSError
        If the configuration cannot be written.
    """
    config, layers = describe_lora(adapter)
    alphas = {name: value * factor for name, value in config["alpha_pattern"].items()}
    scaled = {**config, "lora_alpha": config["lora_alpha"] * factor, "alpha_pattern": alphas}
    write_config(adapter, scaled, layers)
