"""Adapters are registered completely or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS
from jupyter_safecoder.adapters.registry import (
    CARD,
    Adapter,
    Registry,
    check_name,
    export,
    read_card,
)
from jupyter_safecoder.errors import FinetuneError
from tests.support.plain_lora import write_small_lora

_CARD = Card("ours", "tiny", "0" * 64, "", {}, {}, {}, {}, {}, True, "", "", "")
#: A card as version 0.1 wrote it, for the files of ``register``.
_OLD = {
    **dict.fromkeys(("base_sha256", "corpus_sha256", "reason", "made", "by"), ""),
    **{name: {} for name in ("counts", "recipe", "curves", "scores", "probe", "versions")},
    "name": "old",
    "base": "tiny",
    "offered": True,
}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "cache")


def register(registry: Registry, name: str = "ours", value: float = 1) -> Adapter:
    with registry.staging(name) as staged:
        write_small_lora(staged, value)
        return registry.commit(staged, replace(_CARD, name=name))


def test_a_registered_adapter_is_found(registry: Registry) -> None:
    adapter = register(registry)
    assert set(adapter.card.files) == {WEIGHTS, CONFIG}
    assert registry.find("ours") == adapter
    adapter.verify("0" * 64)
    with pytest.raises(FinetuneError, match="these are not the weights"):
        adapter.verify("1" * 64)
    with pytest.raises(FinetuneError, match="There is no adapter 'theirs'") as raised:
        registry.find("theirs")
    assert raised.value.remedy == "There are: ours."


def test_one_of_the_same_name_is_replaced(registry: Registry) -> None:
    first, second = register(registry), register(registry, value=2)
    assert first.sha256 != second.sha256
    assert registry.all() == [second]
    assert sorted(path.name for path in registry.directory.iterdir()) == [".ours.lock", "ours"]


def test_what_is_not_committed_is_gone(registry: Registry) -> None:
    with registry.staging("ours") as staged:
        (staged / WEIGHTS).write_text("x")
    assert registry.all() == []
    assert [path.name for path in registry.directory.iterdir()] == [".ours.lock"]


def test_what_is_not_finished_is_not_listed(registry: Registry) -> None:
    adapter = register(registry)
    hidden = registry.directory / ".ours.12345678.partial"
    hidden.mkdir()
    (hidden / CARD).write_text((adapter.directory / CARD).read_text())
    assert registry.all() == [adapter]


def test_an_adapter_is_made_by_one_at_a_time(registry: Registry) -> None:
    code = (
        "import pathlib, sys\n"
        "from jupyter_safecoder.adapters.registry import Registry\n"
        "with Registry(pathlib.Path(sys.argv[1])).staging('a') as staged:\n"
        "    (staged / 'half').write_text('x')\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(registry.directory.parent)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with (
            pytest.raises(FinetuneError, match="An adapter named a is being made"),
            registry.staging("a"),
        ):
            pass
        with registry.staging("a.b"):
            assert len(list(registry.directory.rglob("half"))) == 1
        process.kill()
    # What it left is deleted by the next one.
    assert len(list(registry.directory.rglob("half"))) == 1
    with registry.staging("a") as staged:
        assert list(staged.iterdir()) == []
        assert not list(registry.directory.rglob("half"))


def test_a_changed_file_is_not_loaded(registry: Registry, tmp_path: Path) -> None:
    adapter = register(registry)
    (adapter.directory / WEIGHTS).write_text("altered")
    with pytest.raises(FinetuneError, match=f"{WEIGHTS} of the adapter ours has been altered"):
        adapter.verify()
    with pytest.raises(FinetuneError, match="has been altered"):
        export(adapter, tmp_path / "exported")
    (adapter.directory / WEIGHTS).unlink()
    with pytest.raises(FinetuneError, match="cannot be read"):
        adapter.verify()


def test_the_active_adapter_and_the_one_before(registry: Registry) -> None:
    register(registry)
    assert (registry.in_use("tiny"), registry.previous("tiny")) == ("", "")
    for name in ("ours", "", "ours", "ours"):
        registry.set_in_use("tiny", name)
    assert (registry.in_use("tiny"), registry.previous("tiny")) == ("ours", "")
    registry.set_in_use("tiny", "")
    assert registry.previous("tiny") == "ours"
    assert registry.in_use("other") == ""
    for number in range(50):
        registry.set_in_use("tiny", str(number))
    history = json.loads((registry.directory / "in_use.json").read_text())
    assert len(history["tiny"]) == 20


def test_the_active_adapter_is_not_deleted(registry: Registry) -> None:
    register(registry)
    registry.set_in_use("tiny", "ours")
    with pytest.raises(FinetuneError, match="is in use"):
        registry.remove("ours")
    registry.set_in_use("tiny", "")
    registry.remove("ours")
    assert registry.all() == []


def test_what_is_exported_is_imported(registry: Registry, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    export(register(registry), exported)
    with pytest.raises(FinetuneError, match="exists already"):
        export(registry.find("ours"), exported)
    with pytest.raises(FinetuneError, match="There is an adapter ours already"):
        registry.import_(exported)
    other = Registry(tmp_path / "other")
    assert other.import_(exported).sha256 == registry.find("ours").sha256
    (exported / CARD).unlink()
    assert read_card(exported) is None
    with pytest.raises(FinetuneError, match="is no adapter with a card"):
        other.import_(exported)
    assert registry.import_(exported, replace(_CARD, name="again")).name == "again"


def test_an_adapter_of_version_0_1_is_listed_verified_and_imported(
    registry: Registry, tmp_path: Path
) -> None:
    files = register(registry).card.files
    old = registry.directory / "old"
    (registry.directory / "ours").rename(old)
    (old / CARD).write_text(json.dumps({**_OLD, "files": files}))
    adapter = registry.find("old")
    assert adapter.card.accepted
    adapter.verify()
    imported = Registry(tmp_path / "other").import_(old)
    assert imported.card.accepted
    assert "offered" not in json.loads((imported.directory / CARD).read_text())


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"name": 5}', "\0"])
def test_a_card_that_cannot_be_read_hides_its_adapter_only(
    registry: Registry, content: str
) -> None:
    hidden, listed = register(registry), register(registry, "other")
    (hidden.directory / CARD).write_text(content)
    assert registry.all() == [listed]


@pytest.mark.parametrize("name", ["", "../a", "a/b", "-a", ".a", "x" * 65, "a\nb", "Ü"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(FinetuneError, match="cannot be an adapter's name"):
        check_name(name)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_other_users_cannot_read_what_was_learned(registry: Registry) -> None:
    """Also in a directory that another version has made."""
    registry.directory.mkdir(parents=True)
    registry.directory.chmod(0o755)
    adapter = register(registry)
    for path in (registry.directory, adapter.directory):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero here")
@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, CARD])
def test_an_adapter_of_devices_is_not_read(registry: Registry, tmp_path: Path, name: str) -> None:
    """Reading them would never end."""
    exported = tmp_path / "exported"
    export(register(registry), exported)
    (exported / name).unlink()
    (exported / name).symlink_to("/dev/zero")
    with pytest.raises(FinetuneError, match=r"is not a regular file|is no adapter with a card"):
        Registry(tmp_path / "other").import_(exported)


def test_a_card_names_no_other_files(registry: Registry, tmp_path: Path) -> None:
    """Each file that it names is read."""
    exported = tmp_path / "exported"
    export(register(registry), exported)
    card = json.loads((exported / CARD).read_text())
    card["files"]["/dev/zero"] = ""
    (exported / CARD).write_text(json.dumps(card))
    assert read_card(exported) is None
