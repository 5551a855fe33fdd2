"""Who may train, and for which group."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.access.authenticator import User
from jupyter_safecoder.hub.constants import TRAIN

from .conftest import ADA, TrainingParts


def test_a_user_trains_for_the_group_that_counts(training_parts: TrainingParts) -> None:
    group, grant = training_parts.training.grant(ADA)
    assert group == "vision"
    assert "train" in grant.features


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        (User("ada", frozenset({"vision"})), "no scope"),
        (User("bob", frozenset({"speech"}), frozenset({TRAIN})), "not granted"),
        (User("eve", frozenset(), frozenset({TRAIN})), "not granted"),
    ],
)
def test_scope_and_policy_are_both_required(
    training_parts: TrainingParts, user: User, kind: str
) -> None:
    with pytest.raises(RequestDenied) as raised:
        training_parts.training.grant(user)
    assert (raised.value.status, raised.value.kind) == (403, kind)


def test_the_base_model_is_trained_whatever_adapter_is_served(
    training_parts: TrainingParts,
) -> None:
    assert training_parts.training.jobs._settings.adapter == ""
