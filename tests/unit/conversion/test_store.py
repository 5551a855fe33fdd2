"""The store of prepared models, and the hash of a checkpoint: no model, no export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.conversion import ConvertedModel, Store
from jupyter_safecoder.conversion.estimate import (
    ResourceEstimate,
    check_resources,
    estimate_resources,
)
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.description import ModelFile
from jupyter_safecoder.models.fingerprint import checkpoint_hash

KEY = "0123456789abcdef"


def _keep(store: Store, key: str = KEY, text: bytes = b"weights", **changes: Any) -> ConvertedModel:
    facts = {
        "model": "team/coder",
        "source": "/models/coder",
        "engine": "openvino",
        "precision": "int8",
        "seconds": 1.0,
        "versions": {"openvino": "1"},
        **changes,
    }
    with store.lock(key), store.staging(key) as partial:
        (partial / "model.bin").write_bytes(text)
        return store.keep(partial, key=key, **facts)


def test_what_is_kept_is_found_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find(KEY) is None
    kept = _keep(store)
    assert kept.directory.name == "team--coder-openvino-int8-0123456789ab"
    assert Store(tmp_path).find(KEY) == kept
    assert kept.size == 7
    kept.verify()
    store.remove(kept)
    assert store.find(KEY) is None
    assert not kept.directory.exists()


def test_a_failed_preparation_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with suppress(RuntimeError), store.staging(KEY) as partial:
        (partial / "half.bin").write_bytes(b"ha")
        raise RuntimeError
    assert store.all() == []
    assert not partial.exists()


def test_what_a_killed_process_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from jupyter_safecoder.conversion import Store\n"
        f"store = Store(Path({str(tmp_path)!r}))\n"
        f"with store.lock({KEY!r}), store.staging({KEY!r}) as partial:\n"
        "    (partial / 'half.bin').write_bytes(b'ha'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    store = Store(tmp_path)
    assert store.all() == []
    kept = _keep(store)
    assert [path.name for path in kept.directory.iterdir() if "half" in path.name] == []
    kept.verify()


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    store, order = Store(tmp_path), []
    held = threading.Event()

    def hold() -> None:
        with Store(tmp_path).lock(KEY):
            held.set()
            waits.wait(10)
            order.append("first")

    waits = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    with store.lock(KEY, waits.set):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("harm", ["truncated", "gone"])
def test_a_model_that_is_not_whole_is_not_found(tmp_path: Path, harm: str) -> None:
    store = Store(tmp_path)
    weights = _keep(store).directory / "model.bin"
    if harm == "gone":
        weights.unlink()
    else:
        weights.write_bytes(b"weig")
    assert store.find(KEY) is None
    # ConvertedModel anew, it takes the broken one's place.
    assert _keep(store).whole()
    assert len(store.all()) == 1


def test_an_altered_file_is_noticed(tmp_path: Path) -> None:
    kept = _keep(Store(tmp_path))
    (kept.directory / "model.bin").write_bytes(b"WEIGHTS")
    with pytest.raises(ModelError, match="has changed") as raised:
        kept.verify()
    assert "model remove" in raised.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "\x00", '{"files": {"a": 1}}'])
def test_a_manifest_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    (_keep(store).directory / "prepared.json").write_text(text)
    assert store.all() == []


def test_hash_of_a_checkpoint(tmp_path: Path) -> None:
    notes = tmp_path / "cache" / "hashes.json"
    paths = [tmp_path / "config.json", tmp_path / "model.safetensors"]
    for path in paths:
        path.write_text(path.name)
    files = [ModelFile(path, path.stat().st_size) for path in paths]
    shares: list[float] = []
    first = checkpoint_hash(files, notes, shares.append)
    assert shares[-1] == 1.0
    assert checkpoint_hash(list(reversed(files)), notes) == first
    assert set(json.loads(notes.read_text())) == {str(path) for path in paths}
    # Not read again: a change that leaves size, inode and time alone would go unnoticed.
    stat = paths[1].stat()
    paths[1].write_text("MODEL.safetensors")
    assert checkpoint_hash(files, notes) != first
    paths[1].write_text(paths[1].name)
    os.utime(paths[1], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert checkpoint_hash(files, notes) == first


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"/x": 1}'])
def test_broken_notes_cost_only_time(tmp_path: Path, notes: str) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    files = [ModelFile(path, 2)]
    expected = checkpoint_hash(files, tmp_path / "fresh.json")
    (tmp_path / "notes.json").write_text(notes)
    assert checkpoint_hash(files, tmp_path / "notes.json") == expected


def test_needs_grow_with_the_model_and_its_precision() -> None:
    needs = {p: estimate_resources(10**9, "openvino", p) for p in ("int4", "int8", "fp16", "fp32")}
    disks = [need.disk for need in needs.values()]
    assert disks == sorted(disks)
    assert needs["int8"].memory > 4e9
    assert estimate_resources(10**9, "onnxruntime", "int8").disk > needs["int8"].disk


@pytest.mark.parametrize(
    ("memory", "disk", "said"),
    [
        (8 * 10**9, 10**9, "needs 2.0 GB on the disk of /cache; 1.0 GB are free"),
        (3 * 10**9, 10**10, "needs 4.0 GB of memory; 3.0 GB are free"),
    ],
)
def test_refused_with_the_figures(memory: int, disk: int, said: str) -> None:
    from jupyter_safecoder.models import EMBEDDED, resolve_model

    model = resolve_model(EMBEDDED)
    needs = ResourceEstimate(memory=4 * 10**9, disk=2 * 10**9)
    with pytest.raises(ModelError, match=said) as raised:
        check_resources(model, needs, memory, disk, "/cache")
    assert raised.value.remedy
    check_resources(model, needs, None, 10**10, "/cache")
