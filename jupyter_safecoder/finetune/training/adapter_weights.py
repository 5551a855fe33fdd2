"""The weights that are trained: copies of them, their scale, and PEFT's files."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.adapters.lora import check_lora
from jupyter_safecoder.adapters.peft_files import write_config

if TYPE_CHECKING:
    import torch

Snapshot = dict[str, "torch.Tensor"]

#: The scales that are tried, from that of the recipe down.
_SCALES = (1.0, 0.8, 0.65, 0.5)


class AdapterWeights:
    """The trainable weights of a PEFT model.

    Parameters
    ----------
    peft_model
        The model.
    """

    def __init__(self, peft_model: Any) -> None:
        self._peft_model = peft_model
        self._weights: Snapshot = {
            name: weight for name, weight in peft_model.named_parameters() if weight.requires_grad
        }

    @property
    def parameters(self) -> Iterable[torch.Tensor]:
        """The weights, for an optimizer."""
        return self._weights.values()

    def snapshot(self) -> Snapshot:
        """Return a copy of the weights by name."""
        return {name: weight.detach().clone() for name, weight in self._weights.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Set the weights to those of a snapshot."""
        import torch

        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(snapshot[name])

    def multiply(self, factor: float) -> None:
        """Multiply the change that the adapter makes to its layers."""
        import torch

        with torch.no_grad():
            for name, weight in self._weights.items():
                if "lora_B" in name:
                    weight.mul_(factor)

    def save(self, directory: Path) -> None:
        """Write the adapter as PEFT does.

        Raises
        ------
        OSError
            If it cannot be written.
        FinetuneError
            If not all of its numbers are finite.
        """
        from safetensors import SafetensorError

        try:
            # Otherwise PEFT asks the Hugging Face Hub whether the vocabulary has grown; embeddings
            # that were trained are saved anyway.
            self._peft_model.save_pretrained(
                directory, safe_serialization=True, save_embedding_layers=False
            )
        except SafetensorError as error:
            raise OSError(errno.ENOSPC, "the disk is full", str(directory)) from error
        # As an import writes it: without fields that are not used and the path of the base model.
        # PEFT writes a set of modules: its order, and with it the file's hash, differs by process.
        write_config(directory, *check_lora(directory))


def smaller_scale(scale: float) -> float | None:
    """Return the next scale that is tried; ``None`` after the last one."""
    return next((one for one in _SCALES if one < scale), None)


def scale_adapter(weights: AdapterWeights, loss: Callable[[], float], max_loss: float) -> float:
    """Scale an adapter down until a loss is low enough; return the scale.

    Between base and adapter the loss changes nearly linearly in the weights: what was learned fades
    slowly, what was forgotten returns soon (Wortsman et al. 2022, arXiv:2109.01903).

    Parameters
    ----------
    weights
        Of the adapter.
    loss
        Returns the loss of general code with the present weights.
    max_loss
        The highest loss that is accepted.
    """
    present = 1.0
    for scale in _SCALES:
        weights.multiply(scale / present)
        present = scale
        if loss() <= max_loss:
            break
    return present
