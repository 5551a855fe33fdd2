"""Intel Gaudi through Optimum Habana's models. Not tested on its hardware."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.errors import EngineError

from .generate import GenerateEngine


class HabanaEngine(GenerateEngine):
    """Runs a checkpoint on a Gaudi card."""

    name = "habana"
    device = "hpu"
    _input_device = "hpu"

    def load_model(self) -> Any:
        """Return the model on the card, its classes replaced by those for Gaudi."""
        try:
            import torch
            from optimum.habana.transformers.modeling_utils import adapt_transformers_to_gaudi
            from transformers import AutoModelForCausalLM
        except ImportError as error:
            raise EngineError(
                f"Optimum Habana cannot be imported ({error}).",
                "Install it in Intel's container for Gaudi: pip install optimum-habana.",
            ) from error
        adapt_transformers_to_gaudi()
        dtype = torch.float32 if self._options.precision == "fp32" else torch.bfloat16
        model: Any = AutoModelForCausalLM.from_pretrained(
            self._description.weights,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            torch_dtype=dtype,
        )
        return model.to(self.device).eval()
