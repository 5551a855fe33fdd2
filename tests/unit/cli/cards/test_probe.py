"""The completion of a card, with an engine that answers as it is scripted to."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.cli.cards.probe import check_probe
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.cards import Probe
from jupyter_safecoder.settings import RuntimeSettings


@pytest.fixture
def model(tmp_path: Path) -> ModelDescription:
    return resolve_model(str(write_scripted_model(tmp_path / "model", {"otherwise": "one two"})))


def _check(
    model: ModelDescription, probe: Probe | None, **settings: str
) -> tuple[bool | None, str]:
    requested = RuntimeSettings(model=str(model.weights.parent), **settings)  # type: ignore[arg-type]
    found = check_probe(model, probe, requested, lambda share, text: None)
    return found.ok, found.detail


def test_the_completion_of_the_card_and_another(model: ModelDescription) -> None:
    ids = [*map(ord, "one two")]
    assert _check(model, Probe((97,), tuple(ids)), engine="scripted")[0] is True
    ok, detail = _check(model, Probe((97,), (*ids[:-1], 7)), engine="scripted")
    assert ok is False
    assert str(ids) in detail


def test_no_completion_and_no_engine(model: ModelDescription) -> None:
    assert _check(model, None) == (None, "the card has no completion to compare with")
    ok, detail = _check(model, Probe((1,), (2,)), engine="habana")
    assert ok is None
    assert "it was not run" in detail
