"""What editors ask llama.cpp's server for beside completions: ``/health`` and ``/props``."""

from __future__ import annotations

from jupyter_safecoder.editor_protocols import props_body
from jupyter_safecoder.openai_protocol import OpenAIErrors
from jupyter_safecoder.runtime.base_handlers import RuntimeHandler


class HealthHandler(OpenAIErrors, RuntimeHandler):
    """``GET /health``: whether the model is loaded."""

    def get(self) -> None:
        """Respond with ``ok``, or with 503 and the reason."""
        if self.runtime.completions is None:
            self.refuse(self.not_ready())
        else:
            self.finish({"status": "ok"})


class PropsHandler(OpenAIErrors, RuntimeHandler):
    """``GET /props``: the context window, and the name of the model."""

    def get(self) -> None:
        """Respond with them."""
        model = self.runtime.status().model
        if model is None:
            self.refuse(self.not_ready())
        else:
            slots = self.runtime.settings.max_running
            self.finish(props_body(model.name, model.context_window, slots))
