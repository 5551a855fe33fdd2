"""A runtime completes with a GGUF file alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.protocol import CompletionRequest


def test_a_file_without_a_tokenizer_beside_it_completes(
    tmp_path: Path, start_runtime: Callable[..., Any]
) -> None:
    (tmp_path / "gguf").mkdir()
    path = shutil.copy(resolve_model(EMBEDDED).weights, tmp_path / "gguf/alone.gguf")
    runtime = start_runtime(model=str(path))
    status = runtime.client.wait_until_ready()
    assert status.model
    assert status.model.name == "alone"
    *_, done = runtime.client.events(CompletionRequest("import numpy as ", ""))
    assert json.dumps(done.text).startswith('"np')
