"""Chooses where adapters are trained: on this machine, or in the service of a JupyterHub."""

from __future__ import annotations

from collections.abc import Callable

from .finetune.jobs.backends import LocalTrainingBackend, TrainingBackend
from .settings import RuntimeSettings


def training_backend(settings: Callable[[], RuntimeSettings]) -> TrainingBackend:
    """Return the Hub's training client on a Hub's server, else this machine's backend.

    Parameters
    ----------
    settings
        Returns the settings of the base model on this machine; called only where it is needed.
    """
    from .hub.training.client import hub_training_client

    return hub_training_client() or LocalTrainingBackend(settings())
