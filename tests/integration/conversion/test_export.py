"""A GGUF of types that OpenVINO does not read is converted, in parts too, and completes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.conversion import convert
from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.models import ModelDescription, resolve_model
from jupyter_safecoder.models.gguf.checkpoint import as_checkpoint
from tests.support.tiny_checkpoints import Reference, complete
from tests.support.tiny_gguf import write_mixed_gguf

_PROMPT = [*range(40, 80)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelDescription:
    """Return a GGUF in three parts, of a model with tied embeddings."""
    directory = tmp_path_factory.mktemp("gguf")
    types = ("Q4_K", "Q6_K", "Q5_0", "IQ4_NL")
    path = write_mixed_gguf(directory / "x.gguf", types, "Q5_0", "Q8_0", tensors_per_file=8)
    return resolve_model(str(path), cache=directory / "cache")


@pytest.mark.parametrize("precision", ["fp32", pytest.param("int8", marks=pytest.mark.slow)])
def test_a_converted_gguf_completes_as_transformers_does(
    model: ModelDescription, precision: str, tmp_path: Path
) -> None:
    shares: list[float] = []
    texts: list[str] = []

    def progress(share: float, text: str) -> None:
        shares.append(share)
        texts.append(text)

    converted = convert(model, "openvino", precision, tmp_path / "cache", progress)
    assert shares == sorted(shares)
    assert {"Reading x", "Dequantizing the GGUF file"} <= {*texts}
    assert not [path for path in converted.directory.iterdir() if path.is_dir()]
    options = EngineOptions(device="CPU", precision=precision, weights=converted.directory)
    engine = make_engine("openvino", model, options)
    engine.load()
    with as_checkpoint(model) as directory:
        expected = Reference(directory).complete(_PROMPT, 12)
    ids = complete(engine, _PROMPT, 12)
    assert ids[:1] == expected[:1]
    if precision == "fp32":
        assert ids == expected
