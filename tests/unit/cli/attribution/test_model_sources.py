"""The sources of a model are those that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.cli.attribution.model_sources import fetch_sources, has_known_sources
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError


def test_the_embedded_model_says_what_it_was_trained_on() -> None:
    assert has_known_sources("safecoder-smol-135m")
    assert not has_known_sources("/missing")


@pytest.mark.parametrize("content", [None, "{}", "[]", '{"sources": [{"package": "../x"}]}'])
def test_a_model_that_does_not_say_it(tmp_path: Path, content: str | None) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "x"})
    if content is not None:
        (model / "training_data.json").write_text(content)
    with pytest.raises(ModelError, match="does not say which packages"):
        fetch_sources(str(model), tmp_path / "cache", lambda share, text: None)
