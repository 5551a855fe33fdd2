"""Adapters of a group: those of others are neither listed nor activated."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.models import resolve_model
from tests.support.stored_adapters import store_adapter

from .conftest import ADA, GRANT, TrainingParts


@pytest.fixture
def adapters(training_parts: TrainingParts) -> TrainingParts:
    """Return a service that has an adapter of each of two groups, and one of no group."""
    for name in (qualified_name("vision", "ours"), qualified_name("speech", "theirs"), "other"):
        store_adapter(training_parts.parts.settings.cache, name)
    return training_parts


def test_a_group_sees_its_own_adapters_by_their_short_names(adapters: TrainingParts) -> None:
    group = adapters.training.adapters
    [info] = asyncio.run(group.list_adapters("vision", GRANT))
    assert (info.card.name, info.in_use) == ("ours", False)
    assert asyncio.run(group.exists(qualified_name("vision", "ours")))
    assert not asyncio.run(group.exists(qualified_name("vision", "theirs")))


@pytest.mark.parametrize("name", ["theirs", "other", "none", qualified_name("speech", "theirs")])
def test_what_is_not_the_group_s_cannot_be_activated(adapters: TrainingParts, name: str) -> None:
    group = adapters.training.adapters
    with pytest.raises(FinetuneError, match=r"no adapter named|characters"):
        asyncio.run(group.activate(ADA, "vision", GRANT, name, rollback=False))
    assert adapters.store.active_adapter("vision") == ""
    assert adapters.parts.records == []


def test_an_adapter_is_for_the_model_of_its_group(
    training_parts: TrainingParts, tmp_path: Path
) -> None:
    cache, group = training_parts.parts.settings.cache, training_parts.training.adapters
    model = str(write_scripted_model(tmp_path / "model", {}))
    vision = replace(GRANT, model=model)
    sha256 = Registry(cache).base_hash(resolve_model(model))
    store_adapter(cache, qualified_name("vision", "ours"), sha256)
    assert asyncio.run(group._verify(qualified_name("vision", "ours"), vision)) == ""
    with pytest.raises(FinetuneError, match="of which these are not the weights"):
        asyncio.run(group.activate(ADA, "vision", GRANT, "ours", rollback=False))
    assert training_parts.store.active_adapter("vision") == ""


def test_a_policy_that_names_an_adapter_wins(adapters: TrainingParts) -> None:
    (adapters.parts.directory / "policy.toml").write_text('[groups.vision]\nadapter = "other"\n')
    adapters.parts.policy.reload()
    group = adapters.training.adapters
    with pytest.raises(FinetuneError, match="The policy of the Hub's service names"):
        asyncio.run(group.activate(ADA, "vision", GRANT, "ours", rollback=False))
    assert group.is_in_use("other")
    assert not group.is_in_use(qualified_name("vision", "ours"))


def test_without_a_policy_every_adapter_may_be_in_use(adapters: TrainingParts) -> None:
    (adapters.parts.directory / "policy.toml").write_text("x = 1")
    adapters.parts.policy.reload()
    assert adapters.training.adapters.is_in_use("anything")


def test_a_deleted_adapter_is_gone(adapters: TrainingParts) -> None:
    group = adapters.training.adapters
    group.delete(qualified_name("vision", "ours"))
    assert asyncio.run(group.list_adapters("vision", GRANT)) == []
    assert asyncio.run(group.exists(qualified_name("speech", "theirs")))
