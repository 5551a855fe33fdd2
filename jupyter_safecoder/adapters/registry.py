"""The registry of adapters: each in a directory of its own, with a card, whole or not there.

An adapter's directory is what PEFT writes, so that other servers load it as it is, and
``card.json``. ``<cache>/adapters/<name>/``; which one is in use, per base model, says
``in_use.json`` beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.fingerprint import checkpoint_hash, hash_file

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "card.json"
_IN_USE = "in_use.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Card:
    """What there is to know of an adapter.

    ``base_sha256`` is that of the base's weights, ``corpus_sha256`` of the corpus without its
    secrets; ``scores`` are those that ``finetune --json`` prints; ``files`` maps names to SHA-256.
    """

    name: str
    base: str
    base_sha256: str
    corpus_sha256: str
    counts: dict[str, int]
    recipe: dict[str, Any]
    curves: dict[str, list[list[float]]]
    scores: dict[str, Any]
    probe: dict[str, Any]
    offered: bool
    reason: str
    made: str
    by: str
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """An adapter in the registry."""

    card: Card
    directory: Path

    @property
    def name(self) -> str:
        """Its name."""
        return self.card.name

    def verify(self, base_sha256: str = "") -> None:
        """Check that no file was altered, and that it is for this base.

        Raises
        ------
        FinetuneError
            With what does not fit.
        """
        for name, sha256 in self.card.files.items():
            try:
                same = hash_file(self.directory / name) == sha256
            except OSError as error:
                raise FinetuneError(
                    f"{name} of the adapter {self.name} cannot be read: {error.strerror}.",
                    "Import or train the adapter again.",
                ) from error
            if not same:
                raise FinetuneError(
                    f"{name} of the adapter {self.name} has been altered since it was made.",
                    "Import or train the adapter again; it is not loaded.",
                )
        if base_sha256 and base_sha256 != self.card.base_sha256:
            raise FinetuneError(
                f"The adapter {self.name} was trained for {self.card.base}, of which these are not "
                "the weights.",
                "Serve the model that it was trained for, or train it again on this one.",
            )


class Registry:
    """The adapters below a directory.

    Parameters
    ----------
    cache
        The cache directory of the runtime: adapters are beside the prepared models.
    """

    def __init__(self, cache: Path) -> None:
        self.directory = cache / "adapters"
        self._notes = cache / "hashes.json"

    def all(self) -> list[Adapter]:
        """Return what is there, by name."""
        found = (_read(path.parent) for path in sorted(self.directory.glob(f"*/{CARD}")))
        return [adapter for adapter in found if adapter is not None]

    def find(self, name: str) -> Adapter:
        """Return an adapter.

        Raises
        ------
        FinetuneError
            If there is none of that name.
        """
        adapters = self.all()
        for adapter in adapters:
            if adapter.name == name:
                return adapter
        there = ", ".join(adapter.name for adapter in adapters) or "none"
        raise FinetuneError(f"There is no adapter {name!r}.", f"There are: {there}.")

    def base_hash(self, model: ModelDescription) -> str:
        """Return the SHA-256 of a base's weights."""
        weights = [file for file in model.files if file.path != model.tokenizer]
        return checkpoint_hash(weights, self._notes)

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """Yield an empty directory for a new adapter; it is gone unless :meth:`keep` took it.

        Raises
        ------
        FinetuneError
            If another process makes one of that name.
        """
        from filelock import FileLock, Timeout

        self.directory.mkdir(parents=True, exist_ok=True)
        partial = self.directory / f".{name}.partial"
        lock = FileLock(self.directory / f".{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise FinetuneError(
                f"An adapter named {name} is being made.", "Wait for it, or take another name."
            ) from None
        try:
            # What a process left that was killed.
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            lock.release()

    def keep(self, partial: Path, card: Card) -> Adapter:
        """Put a finished adapter at its place; one of the same name gives way."""
        files = {
            path.name: hash_file(path)
            for path in sorted(partial.iterdir())
            if path.name in (WEIGHTS, CONFIG)
        }
        card = Card(**{**asdict(card), "files": files})
        (partial / CARD).write_text(json.dumps(asdict(card), indent=2), "utf-8")
        place = self.directory / card.name
        if place.exists():
            place.rename(old := partial.with_name(f"{partial.name}.old"))
            partial.rename(place)
            shutil.rmtree(old)
        else:
            partial.rename(place)
        return Adapter(card, place)

    def remove(self, name: str) -> None:
        """Delete an adapter.

        Raises
        ------
        FinetuneError
            If there is none, or it is in use.
        """
        adapter = self.find(name)
        if name in (entry[-1] for entry in self._in_use().values() if entry):
            raise FinetuneError(
                f"The adapter {name} is in use.", "Switch back first: 'use --base'."
            )
        shutil.rmtree(adapter.directory)

    def in_use(self, base: str) -> str:
        """Return the name of the adapter that a base model is served with, or an empty one."""
        history = self._in_use().get(base) or [""]
        return history[-1]

    def use(self, base: str, name: str) -> None:
        """Note which adapter a base model is served with from now on; empty: none."""
        noted = self._in_use()
        noted[base] = [*noted.get(base, [""]), name][-20:]
        self.directory.mkdir(parents=True, exist_ok=True)
        temporary = self.directory / f"{_IN_USE}.{os.getpid()}"
        temporary.write_text(json.dumps(noted), "utf-8")
        temporary.replace(self.directory / _IN_USE)

    def before(self, base: str) -> str:
        """Return what was in use before the present adapter, for whoever wants to roll back."""
        history = self._in_use().get(base, [])
        return next((name for name in reversed(history) if name != history[-1]), "")

    def _in_use(self) -> dict[str, list[str]]:
        try:
            noted = json.loads((self.directory / _IN_USE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def import_(self, source: Path, card: Card | None = None) -> Adapter:
        """Take a directory that was exported, after checking it.

        Parameters
        ----------
        source
            The directory.
        card
            For one that has none.

        Raises
        ------
        FinetuneError
            If it is none, was altered, or its name is taken.
        """
        found = Adapter(card, source) if card is not None else _read(source)
        if found is None:
            raise FinetuneError(
                f"{source} is no adapter with a card.",
                "Name a directory that 'adapter export' wrote; one that PEFT wrote needs --name.",
            )
        check_name(found.name)
        found.verify()
        if any(one.name == found.name for one in self.all()):
            raise FinetuneError(
                f"There is an adapter {found.name} already.",
                "Remove that one first, or give another --name.",
            )
        with self.staging(found.name) as partial:
            for name in (WEIGHTS, CONFIG):
                shutil.copyfile(source / name, partial / name)
            return self.keep(partial, found.card)


def read_card(directory: Path) -> Card | None:
    """Return the card of a directory that was exported, or ``None`` if it has none."""
    found = _read(directory)
    return found.card if found else None


def export(adapter: Adapter, target: Path) -> None:
    """Write an adapter as a directory that PEFT, vLLM and TGI load.

    Raises
    ------
    FinetuneError
        If the target exists.
    """
    adapter.verify()
    if target.exists():
        raise FinetuneError(f"{target} exists already.", "Name a directory that does not.")
    target.mkdir(parents=True)
    for name in (WEIGHTS, CONFIG, CARD):
        shutil.copyfile(adapter.directory / name, target / name)


def adapter_hash(adapter: Adapter) -> str:
    """Return the SHA-256 that tells an adapter on its base from every other."""
    parts = [adapter.card.base_sha256, *sorted(adapter.card.files.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def check_name(name: str) -> None:
    """Refuse a name that cannot be a directory's.

    Raises
    ------
    FinetuneError
        If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise FinetuneError(
            f"{name!r} cannot be an adapter's name.",
            "Take letters, digits, '-', '_' and '.', at most 64, the first a letter or digit.",
        )


def _read(directory: Path) -> Adapter | None:
    try:
        card = Card(**json.loads((directory / CARD).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # not an adapter: it is neither listed nor loaded
    whole = {WEIGHTS, CONFIG} <= {*card.files}
    return Adapter(card, directory) if whole else None
