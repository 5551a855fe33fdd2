"""The store of converted models: no model, no export."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from jupyter_safecoder.conversion import Conversion, ConvertedModel, Store
from jupyter_safecoder.errors import ModelError

KEY = "0123456789abcdef"
CONVERSION = Conversion(
    model="team/coder",
    source="/models/coder",
    engine="openvino",
    precision="int8",
    key=KEY,
    versions={"openvino": "1"},
)


def _convert(store: Store, content: bytes = b"weights") -> ConvertedModel:
    with store.lock(KEY), store.staging(CONVERSION) as directory:
        (directory / "model.bin").write_bytes(content)
        return store.commit(directory, CONVERSION, 1.0)


def test_a_converted_model_is_found_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find(KEY) is None
    converted = _convert(store)
    assert converted.directory.name == "team--coder-openvino-int8-0123456789ab"
    assert Store(tmp_path).find(KEY) == converted
    assert converted.size == 7
    shares: list[float] = []
    converted.verify(shares.append)
    assert shares[-1] == 1.0
    store.remove(converted)
    assert store.find(KEY) is None
    assert not converted.directory.exists()


def test_a_failed_conversion_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with suppress(RuntimeError), store.staging(CONVERSION) as directory:
        (directory / "half.bin").write_bytes(b"ha")
        raise RuntimeError
    assert store.all() == []
    assert not directory.exists()


def test_what_a_killed_process_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from jupyter_safecoder.conversion import Conversion, Store\n"
        f"store, conversion = Store(Path({str(tmp_path)!r})), {CONVERSION!r}\n"
        f"with store.lock({KEY!r}), store.staging(conversion) as directory:\n"
        "    (directory / 'half.bin').write_bytes(b'ha'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    store = Store(tmp_path)
    assert store.all() == []
    assert list(tmp_path.rglob("half.bin"))
    converted = _convert(store)
    assert list(tmp_path.rglob("half.bin")) == []
    converted.verify()


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    store, order = Store(tmp_path), []
    locked, waits = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with Store(tmp_path).lock(KEY):
            locked.set()
            waits.wait(10)
            order.append("first")

    thread = threading.Thread(target=hold_lock)
    thread.start()
    assert locked.wait(10)
    with store.lock(KEY, waits.set):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("damage", ["truncated", "removed"])
def test_an_incomplete_model_is_not_found(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    weights = _convert(store).directory / "model.bin"
    if damage == "removed":
        weights.unlink()
    else:
        weights.write_bytes(b"weig")
    assert store.find(KEY) is None
    # A new conversion replaces it.
    assert _convert(store).is_complete()
    assert len(store.all()) == 1


def test_an_altered_file_is_detected(tmp_path: Path) -> None:
    converted = _convert(Store(tmp_path))
    (converted.directory / "model.bin").write_bytes(b"WEIGHTS")
    with pytest.raises(ModelError, match="has changed") as raised:
        converted.verify()
    assert "model remove" in raised.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "\x00", '{"files": {"a": 1}}'])
def test_an_invalid_manifest_is_ignored(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    (_convert(store).directory / "prepared.json").write_text(text)
    assert store.all() == []


#: As version 0.1 wrote it.
MANIFEST_0_1 = """{
  "model": "team/coder",
  "engine": "openvino",
  "precision": "int8",
  "key": "0123456789abcdef",
  "source": "/models/coder",
  "made": "2026-05-01T12:00:00+00:00",
  "seconds": 75.2,
  "versions": {
    "nncf": "3.4.0",
    "openvino": "2026.4.1"
  },
  "files": {
    "openvino_model.bin": [
      7,
      "%s"
    ]
  }
}"""


def test_a_model_that_version_0_1_prepared_is_found(tmp_path: Path) -> None:
    directory = tmp_path / "prepared" / "team--coder-openvino-int8-0123456789ab"
    directory.mkdir(parents=True)
    (directory / "openvino_model.bin").write_bytes(b"weights")
    manifest = MANIFEST_0_1 % hashlib.sha256(b"weights").hexdigest()
    (directory / "prepared.json").write_text(manifest)
    (converted,) = Store(tmp_path).all()
    assert Store(tmp_path).find(KEY) == converted
    assert (converted.model, converted.source) == ("team/coder", "/models/coder")
    assert (converted.made, converted.seconds) == ("2026-05-01T12:00:00+00:00", 75.2)
    assert (converted.size, converted.directory) == (7, directory)
    converted.verify()


def test_the_manifest_has_the_fields_of_version_0_1(tmp_path: Path) -> None:
    """A version 0.1 that shares the cache directory finds the model too."""
    converted = _convert(Store(tmp_path))
    written = json.loads((converted.directory / "prepared.json").read_text())
    assert {*written} == {*json.loads(MANIFEST_0_1)}


def test_what_a_killed_version_0_1_left_is_deleted(tmp_path: Path) -> None:
    partial = tmp_path / "prepared" / f".{KEY}.partial"
    partial.mkdir(parents=True)
    (partial / "half.bin").write_bytes(b"ha")
    _convert(Store(tmp_path))
    assert not partial.exists()
