"""AWS Trainium and Inferentia through Optimum Neuron. Not tested on its hardware."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.errors import EngineError

from .generate import GenerateEngine

#: Positions to compile for: enough for our prompts; more would take memory and compile time.
_MAX_POSITIONS = 4096


class NeuronEngine(GenerateEngine):
    """Runs a llama-like checkpoint, compiled at the first load, which takes minutes."""

    name = "neuron"
    device = "neuron"

    def load_model(self) -> Any:
        """Return the model, compiled for one request of a fixed length."""
        try:
            from optimum.neuron import NeuronModelForCausalLM
        except ImportError as error:
            raise EngineError(
                f"Optimum Neuron cannot be imported ({error}).",
                "Install it on a Neuron machine: pip install 'optimum-neuron[neuronx]'.",
            ) from error
        self._window = min(_MAX_POSITIONS, self._description.context_window)
        configuration = NeuronModelForCausalLM.get_neuron_config(
            str(self._description.weights),
            batch_size=1,
            sequence_length=self._window,
            auto_cast_type=self._options.precision or "bf16",
        )
        return NeuronModelForCausalLM.export(
            str(self._description.weights), neuron_config=configuration, load_weights=True
        )
