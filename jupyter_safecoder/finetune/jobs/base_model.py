"""The model that a job trains: the one in use, by its name."""

from __future__ import annotations

from dataclasses import replace

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.runtime.loading import Progress, resolve_base_model
from jupyter_safecoder.runtime.model_choice import choose_model
from jupyter_safecoder.settings import RuntimeSettings


def find_base(
    settings: RuntimeSettings, progress: Progress = lambda share, text: None
) -> tuple[RuntimeSettings, ModelDescription]:
    """Return the settings with the name of the model to train, and its description.

    The automatic choice may change before a job runs, or is resumed; its name does not.

    Parameters
    ----------
    settings
        Settings of a runtime.
    progress
        Called with the progress of a download.

    Raises
    ------
    FinetuneError
        If a completion server runs the model.
    ModelError
        If the model cannot be found.
    """
    if settings.remote:
        raise FinetuneError(
            "A completion server runs the model: it cannot be trained here.",
            "Train one of this machine: 'jupyter safecoder finetune --model NAME'.",
        )
    named = replace(settings, model=choose_model(settings).name)
    return named, resolve_base_model(named, progress)
