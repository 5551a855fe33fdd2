"""AWS Trainium and Inferentia through Optimum Neuron. We have not run it on its hardware."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.errors import EngineError

from .generate import GenerateEngine

#: Positions that are compiled: a prompt of ours and its answer. Longer ones take memory and time.
_POSITIONS = 4096


class NeuronEngine(GenerateEngine):
    """A llama-like checkpoint, compiled at the first load, which takes minutes."""

    name = "neuron"
    device = "neuron"

    def read_network(self) -> Any:
        """Return the model compiled for one request of a fixed length."""
        try:
            from optimum.neuron import NeuronModelForCausalLM
        except ImportError as error:
            raise EngineError(
                f"Optimum Neuron cannot be imported ({error}).",
                "Install it on a Neuron machine: pip install 'optimum-neuron[neuronx]'.",
            ) from error
        self._window = min(_POSITIONS, self._model.context_window)
        configuration = NeuronModelForCausalLM.get_neuron_config(
            str(self._model.weights),
            batch_size=1,
            sequence_length=self._window,
            auto_cast_type=self._options.precision or "bf16",
        )
        return NeuronModelForCausalLM.export(
            str(self._model.weights), neuron_config=configuration, load_weights=True
        )
