"""Every loader with files that run code where they are unpickled: a sentence, and nothing is run.

An audit hook records what the interpreter unpickles or executes while a loader reads.
"""

from __future__ import annotations

import io
import json
import marshal
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import pytest

from jupyter_safecoder.adapters.lora import read_changes
from jupyter_safecoder.adapters.registry import Registry, read_card
from jupyter_safecoder.conversion import Store
from jupyter_safecoder.errors import SafeCoderError
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.training.checkpoint import load_checkpoint
from jupyter_safecoder.models import (
    EMBEDDED,
    count_parameters,
    read_description,
    resolve_model,
    verify_files,
)
from jupyter_safecoder.models.cards import check_model, read_own_words
from jupyter_safecoder.models.catalogue import read_catalogue
from jupyter_safecoder.models.gguf.checkpoint import as_checkpoint
from jupyter_safecoder.models.gguf.header import read_header
from jupyter_safecoder.models.safetensors import find_weights, read_shapes, read_tensors
from jupyter_safecoder.models.selected import selected_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.notebooks import read_cells
from tests.support.plain_lora import write_small_lora

#: The payloads that were run.
RAN: list[str] = []
_EVENTS = ("pickle.find_class", "marshal.loads", "marshal.load", "os.system", "subprocess.Popen")


def run_payload(kind: str) -> None:
    """Record that a payload was run."""
    RAN.append(kind)


class _Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return run_payload, ("pickle",)


def _torch_file() -> bytes:
    """Return what ``torch.save`` writes: a ZIP file with a pickle."""
    import torch

    stream = io.BytesIO()
    torch.save({"weight": _Payload()}, stream)
    return stream.getvalue()


def _numpy_file() -> bytes:
    stream = io.BytesIO()
    numpy.save(stream, numpy.array([_Payload()], dtype=object), allow_pickle=True)
    return stream.getvalue()


_CODE = compile(f"import sys; sys.modules[{__name__!r}].run_payload('marshal')", "payload", "exec")
PAYLOADS: dict[str, Callable[[], bytes]] = {
    "pickle": lambda: pickle.dumps(_Payload()),
    "pickle of protocol 0": lambda: pickle.dumps({"weights": _Payload()}, 0),
    "torch": _torch_file,
    "numpy": _numpy_file,
    "marshal": lambda: marshal.dumps(_CODE),
    "GGUF magic": lambda: b"GGUF" + pickle.dumps(_Payload()),
}


class _Audit:
    """What was unpickled or executed while ``active``; a hook cannot be removed."""

    active = False
    installed = False
    events: list[str] = []  # noqa: RUF012 - of the process


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _Audit.active or event not in _EVENTS:
        return
    # The interpreter itself reads compiled modules.
    if event.startswith("marshal") and b"payload" not in bytes(arguments[0]):
        return
    _Audit.events.append(event)


@contextmanager
def audited() -> Iterator[list[str]]:
    """Yield the list of events that are recorded in this block."""
    if not _Audit.installed:
        sys.addaudithook(_hook)
        _Audit.installed = True
    _Audit.events = []
    _Audit.active = True
    try:
        yield _Audit.events
    finally:
        _Audit.active = False


def _model_json(directory: Path) -> Any:
    """Read a description that names a payload as its weights, with the payload's own hash."""
    content = json.loads((directory / "model.json").read_text("utf-8"))
    size = (directory / "x.gguf").stat().st_size
    content["weights"] = {"file": "x.gguf", "size": size, "sha256": ""}
    (directory / "model.json").write_text(json.dumps(content))
    model = read_description(directory)
    verify_files(model)
    results = {check.check: check.ok for check in check_model(model, None)}
    assert results["shapes"] is False
    count_parameters(model)
    with as_checkpoint(model):
        pass


def _adapter(directory: Path) -> Any:
    read_card(directory)
    return read_changes(directory, resolve_model(EMBEDDED))


def _import(directory: Path) -> Any:
    return Registry(directory / "cache").import_(directory, read_card(directory))


def _resume(directory: Path) -> Any:
    import torch

    return load_checkpoint(directory / "training.safetensors", torch.device("cpu"))


def _job(directory: Path) -> Any:
    files = JobFiles(directory, "job")
    files.read_status()
    return files.read_request()


def _caches(directory: Path) -> None:
    assert Store(directory).all() == []
    assert Registry(directory).all() == []
    assert selected_model(directory) == ""


#: Loaders, and the files of a directory that a payload replaces for them.
LOADERS: dict[str, tuple[Callable[[Path], Any], tuple[str, ...]]] = {
    "weights of PyTorch": (lambda d: resolve_model(str(d)), ("pytorch_model.bin",)),
    "weights by another suffix": (lambda d: find_weights(d), ("model.pt", "x.ckpt")),
    "safetensors": (lambda d: resolve_model(str(d)), ("model.safetensors",)),
    "tensors": (lambda d: [*read_tensors(d / "model.safetensors")], ("model.safetensors",)),
    "shapes": (lambda d: read_shapes(d / "model.safetensors"), ("model.safetensors",)),
    "index": (lambda d: resolve_model(str(d)), ("model.safetensors.index.json",)),
    "configuration": (lambda d: resolve_model(str(d)), ("config.json",)),
    "tokenizer": (lambda d: FileTokenizer(d / "tokenizer.json"), ("tokenizer.json",)),
    "GGUF": (lambda d: resolve_model(str(d / "x.gguf"), cache=d / "cache"), ("x.gguf",)),
    "GGUF header": (lambda d: read_header(d / "x.gguf"), ("x.gguf",)),
    "a file as a model": (lambda d: resolve_model(str(d / "x.npy")), ("x.npy",)),
    "description": (lambda d: read_description(d), ("model.json",)),
    "description of a payload": (_model_json, ("x.gguf",)),
    "adapter of PyTorch": (_adapter, ("adapter_model.bin",)),
    "adapter": (_adapter, ("adapter_model.safetensors",)),
    "adapter's configuration": (_adapter, ("adapter_config.json",)),
    "adapter's card": (_import, ("card.json",)),
    "checkpoint of a training": (_resume, ("training.safetensors",)),
    "job": (_job, ("jobs/job/job.json", "jobs/job/status.json")),
    "caches": (
        _caches,
        ("selected_models.json", "prepared/a/prepared.json", "adapters/a/card.json"),
    ),
    "catalogue": (lambda d: read_catalogue([str(d / "c.toml")]), ("c.toml",)),
    "own words": (lambda d: read_own_words(d), ("about.toml",)),
    "notebook": (lambda d: read_cells(d / "a.ipynb"), ("a.ipynb",)),
}
#: Loaders whose callers make a sentence of an error.
_CALLERS_EXPLAIN = ("GGUF header", "tensors", "description of a payload")
#: Files that are removed, since a loader takes them first.
_REPLACED = {
    "weights of PyTorch": ("model.safetensors",),
    "weights by another suffix": ("model.safetensors",),
    "index": ("model.safetensors",),
    "adapter of PyTorch": ("adapter_model.safetensors",),
    "configuration": ("model.json",),
}


@pytest.fixture
def directory(intact_checkpoint: Path, tmp_path: Path) -> Path:
    """Return a checkpoint with an adapter, and beside it the description of another model."""
    directory = Path(shutil.copytree(intact_checkpoint, tmp_path / "model"))
    write_small_lora(directory)
    return directory


def _describe(directory: Path) -> None:
    """Write the description of the embedded model."""
    source = resolve_model(EMBEDDED).tokenizer
    shutil.copyfile(source.with_name("model.json"), directory / "model.json")


@pytest.mark.parametrize("payload", [*PAYLOADS])
@pytest.mark.parametrize("name", [*LOADERS])
def test_nothing_is_run(name: str, payload: str, directory: Path) -> None:
    load, files = LOADERS[name]
    content = PAYLOADS[payload]()
    if name in ("description", "description of a payload"):
        _describe(directory)
    for removed in _REPLACED.get(name, ()):
        (directory / removed).unlink(missing_ok=True)
    for file in files:
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    RAN.clear()
    refused = SafeCoderError if name not in _CALLERS_EXPLAIN else ValueError
    with audited() as events:
        if name == "caches":
            load(directory)
        else:
            with pytest.raises(refused) as caught:
                load(directory)
            if isinstance(caught.value, SafeCoderError):
                assert caught.value.reason.endswith(".")
    assert events == []
    assert RAN == []


@pytest.mark.parametrize("payload", ["pickle", "pickle of protocol 0", "marshal"])
def test_the_hook_and_the_payloads_work(payload: str) -> None:
    RAN.clear()
    content = PAYLOADS[payload]()
    with audited() as events:
        if payload == "marshal":
            exec(marshal.loads(content))
        else:
            pickle.loads(content)
    assert events
    assert [kind in payload for kind in RAN] == [True]


@pytest.mark.slow
def test_code_beside_a_checkpoint_is_not_imported(directory: Path) -> None:
    """``auto_map`` names modules for those who set ``trust_remote_code``."""
    from transformers import AutoModelForCausalLM

    RAN.clear()
    for path in directory.glob("adapter_*"):
        path.unlink()
    (directory / "evil.py").write_text(
        f"import sys\nsys.modules[{__name__!r}].run_payload('import')\n"
    )
    names = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "auto_map": names}))
    tokenizer = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.T", "evil.T"]}}
    (directory / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    described = resolve_model(str(directory))
    assert FileTokenizer(described.tokenizer).encode("x")
    # As our engine and our training load it; tests/unit/test_unsafe_calls.py checks each call.
    model = AutoModelForCausalLM.from_pretrained(
        directory, use_safetensors=True, trust_remote_code=False, local_files_only=True
    )
    assert type(model).__module__.startswith("transformers.")
    assert RAN == []
    assert "evil" not in sys.modules
