"""The registry of adapters, each in a directory of its own that is complete or absent.

The directory ``<cache>/adapters/<name>/`` has the files that PEFT writes, which other servers load
as they are, and ``card.json``. ``<cache>/adapters/in_use.json`` has the history of active adapters
for each base model.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import (
    PUBLIC_DIRECTORY,
    atomic_directory,
    make_private_directory,
    write_text,
)
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.fingerprint import checkpoint_hash, hash_file

from .card import Card
from .lora import check_lora
from .peft_files import CONFIG, WEIGHTS, write_config

CARD = "card.json"
_IN_USE = "in_use.json"
_MAX_HISTORY = 20
#: Its curves and scores have some hundred kilobytes at most.
_MAX_CARD_BYTES = 16 * 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Adapter:
    """An adapter in a directory.

    Parameters
    ----------
    card
        Its card.
    directory
        The directory with its files.
    """

    card: Card
    directory: Path

    @property
    def name(self) -> str:
        """The name on the card."""
        return self.card.name

    @property
    def sha256(self) -> str:
        """The SHA-256 of the adapter's files and of its base's weights."""
        parts = [self.card.base_sha256, *sorted(self.card.files.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def verify(self, base_sha256: str = "") -> None:
        """Check that no file was changed, and that the adapter is for a base model.

        Parameters
        ----------
        base_sha256
            SHA-256 of the base model's weights; empty: the base is not checked.

        Raises
        ------
        FinetuneError
            With the first file that does not fit, or the base.
        """
        for name, sha256 in self.card.files.items():
            path = self.directory / name
            if path.exists() and not path.is_file():
                # Reading a pipe or a device may wait for ever, or never end.
                raise FinetuneError(f"{path} is not a regular file.", "It is not loaded.")
            try:
                unchanged = hash_file(path) == sha256
            except OSError as error:
                raise FinetuneError(
                    f"{name} of the adapter {self.name} cannot be read: {error.strerror}.",
                    "Import or train the adapter again.",
                ) from error
            if not unchanged:
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
    """The adapters of a cache directory.

    Parameters
    ----------
    cache
        The cache directory of the runtime.
    """

    def __init__(self, cache: Path) -> None:
        self.directory = cache / "adapters"
        self._hashes = cache / "hashes.json"

    def all(self) -> list[Adapter]:
        """Return all adapters, sorted by name."""
        found = (
            _read(path.parent)
            for path in sorted(self.directory.glob(f"*/{CARD}"))
            if not path.parent.name.startswith(".")
        )
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
        names = ", ".join(adapter.name for adapter in adapters) or "none"
        raise FinetuneError(f"There is no adapter {name!r}.", f"There are: {names}.")

    def base_hash(self, model: ModelDescription) -> str:
        """Return the SHA-256 of a base model's weights."""
        weights = [file for file in model.files if file.path != model.tokenizer]
        return checkpoint_hash(weights, self._hashes)

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """Yield an empty directory for the files of a new adapter; :meth:`commit` registers them.

        Parameters
        ----------
        name
            The name of the adapter.

        Raises
        ------
        FinetuneError
            If another process creates an adapter of that name.
        """
        from filelock import Timeout

        from jupyter_safecoder.files.locks import process_lock

        make_private_directory(self.directory)
        lock = process_lock(self.directory / f".{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise FinetuneError(
                f"An adapter named {name} is being made.", "Wait for it, or choose another name."
            ) from None
        try:
            # Processes that were killed leave their directories.
            prefix = f".{name}+partial-"  # no name has a "+"
            for left in self.directory.glob(f"{prefix}*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=prefix, dir=self.directory) as staged:
                yield Path(staged)
        finally:
            lock.release()

    def commit(self, staged: Path, card: Card) -> Adapter:
        """Register an adapter, within :meth:`staging`; it replaces one of the same name.

        Parameters
        ----------
        staged
            A directory of :meth:`staging`, with the files that PEFT writes.
        card
            The card; the hashes of the files are added.
        """
        card = replace(card, files=hash_files(staged))
        directory = self.directory / card.name
        with atomic_directory(directory, locked=True) as partial:
            for path in staged.iterdir():
                path.rename(partial / path.name)
            write_text(partial / CARD, json.dumps(asdict(card), indent=2))
        return Adapter(card, directory)

    def remove(self, name: str) -> None:
        """Delete an adapter.

        Raises
        ------
        FinetuneError
            If there is none of that name, or it is in use.
        """
        adapter = self.find(name)
        if name in (history[-1] for history in self._history().values() if history):
            raise FinetuneError(
                f"The adapter {name} is in use.", "Deactivate it first: 'adapter use --base'."
            )
        shutil.rmtree(adapter.directory)

    def in_use(self, base: str) -> str:
        """Return the name of a base model's active adapter; empty: none."""
        history = self._history().get(base) or [""]
        return history[-1]

    def set_in_use(self, base: str, name: str) -> None:
        """Record the active adapter of a base model.

        Parameters
        ----------
        base
            Name of the base model.
        name
            Name of the adapter; empty: none.
        """
        history = self._history()
        history[base] = [*history.get(base, [""]), name][-_MAX_HISTORY:]
        write_text(self.directory / _IN_USE, json.dumps(history))

    def previous(self, base: str) -> str:
        """Return the name of the adapter that was active before the present one; empty: none."""
        history = self._history().get(base, [])
        return next((name for name in reversed(history) if name != history[-1]), "")

    def _history(self) -> dict[str, list[str]]:
        try:
            history = json.loads((self.directory / _IN_USE).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(history, dict):
            return {}
        return {
            base: names
            for base, names in history.items()
            if isinstance(names, list) and all(isinstance(name, str) for name in names)
        }

    def import_(self, source: Path, card: Card | None = None) -> Adapter:
        """Copy an adapter into the registry, after checking it.

        Parameters
        ----------
        source
            A directory that :func:`export` or PEFT wrote.
        card
            The card; ``None``: that of the directory.

        Raises
        ------
        FinetuneError
            If there is no card, a file was changed, it is not a plain LoRA, or the name is taken.
        ModelError
            If the file of its weights is damaged.
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
                "Remove that one first, or choose another --name.",
            )
        with self.staging(found.name) as staged:
            shutil.copyfile(source / WEIGHTS, staged / WEIGHTS)
            shutil.copyfile(source / CONFIG, staged / CONFIG)
            # What was copied is checked, not what may have changed since.
            write_config(staged, *check_lora(staged))
            return self.commit(staged, found.card)


def read_card(directory: Path) -> Card | None:
    """Return the card in a directory, or ``None`` if there is none."""
    found = _read(directory)
    return found.card if found else None


def hash_files(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of an adapter's files, by name."""
    return {
        name: hash_file(directory / name)
        for name in sorted((WEIGHTS, CONFIG))
        if (directory / name).is_file()
    }


def export(adapter: Adapter, target: Path) -> None:
    """Write an adapter as a directory that PEFT, vLLM and TGI load.

    Parameters
    ----------
    adapter
        The adapter.
    target
        The directory; it must not exist.

    Raises
    ------
    FinetuneError
        If a file was changed, or the target exists.
    """
    adapter.verify()
    if target.exists():
        raise FinetuneError(f"{target} exists already.", "Name a directory that does not.")
    with atomic_directory(target, mode=PUBLIC_DIRECTORY) as directory:
        for name in (WEIGHTS, CONFIG, CARD):
            shutil.copyfile(adapter.directory / name, directory / name)


def check_name(name: str) -> None:
    """Check that a name can be that of a directory.

    Raises
    ------
    FinetuneError
        If it cannot.
    """
    if not _NAME.fullmatch(name):
        raise FinetuneError(
            f"{name!r} cannot be an adapter's name.",
            "Use letters, digits, '-', '_' and '.', 64 at most, the first a letter or digit.",
        )


def _read(directory: Path) -> Adapter | None:
    """Return the adapter in a directory; without a valid card, it is neither listed nor loaded."""
    path = directory / CARD
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            card = Card.from_json(json.loads(stream.read(_MAX_CARD_BYTES)))
    except (OSError, ValueError, RecursionError):
        return None
    return Adapter(card, directory) if {WEIGHTS, CONFIG} == {*card.files} else None
