"""What models were made of, as their files say it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.cards import Base
from jupyter_safecoder.models.cards.base import base_of_fields, read_base


@pytest.mark.parametrize(
    ("front_matter", "base"),
    [
        ("base_model: bigcode/starcoder2-3b", Base("starcoder2-3b", "finetune")),
        ("base_model:\n- 'a/b'\nbase_model_relation: quantized", Base("b", "quantized")),
        ('tags: [x]\nbase_model:\n  - "a/b.c"', Base("b.c", "finetune")),
        ("base_model: a/b\nbase_model_relation: stolen", Base("b", "finetune")),
        *(("base_model: ../..//x", None), ("base_model: [", None), ("license: mit", None)),
    ],
)
def test_the_front_matter_of_a_checkpoint(
    front_matter: str, base: Base | None, checkpoint: Path
) -> None:
    model = resolve_model(str(checkpoint))
    assert read_base(model) is None
    (checkpoint / "README.md").write_text(f"---\n{front_matter}\n---\n# A model\n")
    found = read_base(model)
    assert (found and replace(found, repository=None)) == base
    assert found is None or (found.repository or "").endswith(f"/{found.name}")


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        (
            {"name": "Coder", "repo_url": "https://huggingface.co/a/b"},
            Base("Coder", "quantized", None, "a/b"),
        ),
        ({"repo_url": "https://huggingface.co/a/b/"}, Base("b", "quantized", None, "a/b")),
        ({"name": "Coder", "repo_url": "https://evil.example/a/b"}, Base("Coder", "quantized")),
        *(({"name": 5}, None), ({"name": ""}, None), ({}, None)),
    ],
)
def test_the_header_of_a_gguf(fields: dict[str, object], base: Base | None) -> None:
    named = {f"general.base_model.0.{name}": value for name, value in fields.items()}
    assert base_of_fields(named) == base


def test_a_damaged_file_and_a_script_say_nothing(tmp_path: Path) -> None:
    damaged: ModelDescription = replace(resolve_model(EMBEDDED), weights=tmp_path / "x.gguf")
    assert read_base(damaged) is None
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    assert read_base(damaged) is None
    script = write_scripted_model(tmp_path / "model", {"otherwise": "x"})
    assert read_base(resolve_model(str(script))) is None
