"""A training service in this process, whose jobs are never started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.constants import TRAIN
from jupyter_safecoder.hub.training.exclusions import AllowedSubmission
from jupyter_safecoder.hub.training.service import TrainingService
from jupyter_safecoder.hub.training.submission import JobSubmission
from jupyter_safecoder.hub.training.training_store import TrainingStore
from jupyter_safecoder.protocol import Cell
from tests.support.hub_service import ServiceParts, make_service

ADA = User("ada", frozenset({"vision"}), frozenset({TRAIN}))
GRANT = Grant(max_training_jobs=2)
DOCUMENT = Document("", (Cell("code", "a = 1", "1"),), (0,), "python", notebook=True)


@dataclass
class TrainingParts:
    """A training service, and what it is made of."""

    parts: ServiceParts
    store: TrainingStore
    training: TrainingService

    def directory(self, qualified: str) -> Path:
        """Return the directory of a job."""
        return self.parts.settings.cache / "jobs" / qualified


@pytest.fixture
def training_parts(tmp_path: Path) -> TrainingParts:
    """Return a training service with two groups."""
    parts = make_service(tmp_path, "[groups.vision]\n[groups.speech]\nfeatures = ['complete']\n")
    store = TrainingStore(parts.database, "service")
    training = TrainingService(parts.service, parts.policy, store, parts.settings)
    return TrainingParts(parts, store, training)


def submission(name: str = "ours", **settings: object) -> JobSubmission:
    """Return a submission of one document."""
    return JobSubmission(name, dict(settings), [DOCUMENT])


def allowed(name: str = "ours", **settings: object) -> AllowedSubmission:
    """Return a submission of which the policy excludes nothing."""
    return AllowedSubmission(submission(name, **settings))
