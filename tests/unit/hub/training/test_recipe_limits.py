"""What a user may set of a recipe in the service."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.training.recipe_limits import limit_recipe
from jupyter_safecoder.models import EMBEDDED, resolve_model

BASE = resolve_model(EMBEDDED)
GRANT = Grant(max_training_minutes=5)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"minutes": 6}, "A job of your group may take 5 minutes."),
        ({"minutes": 0}, "A job of your group may take 5 minutes."),
        ({"rank": 10**6}, "rank must be 128 or less"),
        ({"learning_rate": float("nan")}, "learning_rate in the recipe must be a number"),
        ({"sources": "/etc/passwd"}, "sources cannot be set"),
        ({"start": "/etc"}, "start cannot be set"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(FinetuneError, match=reason):
        limit_recipe(settings, GRANT, BASE)


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(FinetuneError):
        limit_recipe({"speed": 3}, GRANT, BASE)
    with pytest.raises(FinetuneError):
        limit_recipe({"rank": "16"}, GRANT, BASE)


def test_the_time_is_at_most_the_grant_s() -> None:
    assert limit_recipe({"rank": 8}, GRANT, BASE).rank == 8
    for settings in ({}, {"minutes": -1}):
        assert limit_recipe(settings, GRANT, BASE).minutes == 5
        assert limit_recipe(settings, Grant(max_training_minutes=20), BASE).minutes == 9
    assert limit_recipe({"minutes": 3}, GRANT, BASE).minutes == 3
    unlimited = Grant(max_training_minutes=0)
    assert limit_recipe({}, unlimited, BASE) == Recipe(minutes=9, learning_rate=1.2e-3)
    assert limit_recipe({"minutes": 600}, unlimited, BASE).minutes == 600
