"""The converted models in the cache, each in a directory that is named after its content.

``<cache>/prepared/<model>-<engine>-<precision>-<key>/`` has the weights and ``prepared.json``. A
directory appears there complete, or not at all.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import (
    atomic_directory,
    file_lock,
    make_private_directory,
    write_text,
)
from jupyter_safecoder.models.fingerprint import hash_file

_MANIFEST = "prepared.json"
#: Characters of the key in the name of a directory.
_KEY_CHARACTERS = 12


@dataclass(frozen=True)
class Conversion:
    """What is converted, for which engine, and with what.

    Parameters
    ----------
    model
        Name of the model.
    source
        Directory of the checkpoint, or the GGUF file.
    engine
        The engine that loads the result.
    precision
        Of the weights.
    key
        Hash of everything that the result depends on.
    versions
        Packages that convert, and their versions.
    """

    model: str
    source: str
    engine: str
    precision: str
    key: str
    versions: dict[str, str]


@dataclass(frozen=True)
class ConvertedModel(Conversion):
    """A converted model in the cache.

    Parameters
    ----------
    made
        When it was converted: UTC in ISO 8601.
    seconds
        How long that took.
    files
        Names to sizes in bytes and SHA-256 hashes.
    directory
        Where the files are.
    """

    made: str
    seconds: float
    files: dict[str, tuple[int, str]]
    directory: Path

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for size, _ in self.files.values())

    def is_complete(self) -> bool:
        """Return whether every file is there in its full size."""
        try:
            return all(
                (self.directory / name).stat().st_size == size
                for name, (size, _) in self.files.items()
            )
        except OSError:
            return False

    def verify(self, progress: Callable[[float], None] = lambda share: None) -> None:
        """Compare every file with the hash that was recorded when it was converted.

        Parameters
        ----------
        progress
            Called with the share of bytes read so far, 0 to 1.

        Raises
        ------
        ModelError
            If a file is missing, truncated or altered.
        """
        remedy = (
            f"Remove it with 'jupyter safecoder model remove {self.source}'; it is converted again "
            "at the next start."
        )
        done = 0
        for name, (size, sha256) in self.files.items():
            start = done
            try:
                actual = hash_file(
                    self.directory / name,
                    lambda read: progress((start + read) / self.size),  # noqa: B023
                )
            except OSError as error:
                raise ModelError(
                    f"{name} of {self.model} cannot be read: {error.strerror}.", remedy
                ) from error
            if actual != sha256:
                raise ModelError(
                    f"{name} of {self.model} has changed since it was converted.", remedy
                )
            done += size


class Store:
    """The converted models in a cache directory.

    Parameters
    ----------
    cache
        The cache directory; it is created when something is written to it.
    """

    def __init__(self, cache: Path) -> None:
        self._directory = cache / "prepared"
        #: Cache of file hashes, see :func:`.checkpoint_hash`.
        self.hash_cache = cache / "hashes.json"

    def all(self) -> list[ConvertedModel]:
        """Return all converted models, sorted by name."""
        found = (_read(path.parent) for path in sorted(self._directory.glob(f"*/{_MANIFEST}")))
        return [converted for converted in found if converted is not None]

    def find(self, key: str) -> ConvertedModel | None:
        """Return the model with a key, if it is there and complete."""
        found = next((converted for converted in self.all() if converted.key == key), None)
        return found if found is not None and found.is_complete() else None

    def remove(self, converted: ConvertedModel) -> None:
        """Delete a converted model; a runtime that has loaded it keeps its pages."""
        with self.lock(converted.key):
            shutil.rmtree(converted.directory)

    def lock(
        self, key: str, on_wait: Callable[[], None] = lambda: None
    ) -> AbstractContextManager[None]:
        """Hold the lock of a key; see :func:`.file_lock`.

        Parameters
        ----------
        key
            Key of a conversion.
        on_wait
            Called before waiting, if another process has the lock.
        """
        return file_lock(self._directory / f".{key}.lock", on_wait)

    @contextmanager
    def staging(self, conversion: Conversion) -> Iterator[Path]:
        """Yield an empty directory for the files of a conversion.

        The caller holds the lock of its key, writes the files, and calls :meth:`commit` last. When
        the context ends, the directory is moved to its place; after an error it is deleted. What a
        killed process left is deleted first.

        Parameters
        ----------
        conversion
            What is being converted.
        """
        # Version 0.1 had one staging directory for a key.
        shutil.rmtree(self._directory / f".{conversion.key}.partial", ignore_errors=True)
        make_private_directory(self._directory)
        with atomic_directory(self._path(conversion), locked=True) as directory:
            yield directory

    def commit(self, staging: Path, conversion: Conversion, seconds: float) -> ConvertedModel:
        """Write the manifest of a conversion whose files are complete.

        Parameters
        ----------
        staging
            The directory that :meth:`staging` yielded.
        conversion
            What was converted.
        seconds
            How long that took.

        Returns
        -------
        ConvertedModel
            The model, with the directory that the staging directory is moved to.
        """
        files = {
            path.name: (path.stat().st_size, hash_file(path))
            for path in sorted(staging.iterdir())
            if path.is_file()
        }
        made = datetime.now(timezone.utc).isoformat(timespec="seconds")
        fields: dict[str, Any] = {"made": made, "seconds": seconds, "files": files}
        manifest = json.dumps(asdict(conversion) | fields, indent=2)
        write_text(staging / _MANIFEST, manifest)
        return ConvertedModel(**vars(conversion), **fields, directory=self._path(conversion))

    def _path(self, conversion: Conversion) -> Path:
        name = re.sub(r"[^\w.-]+", "--", conversion.model).strip("-.")
        key = conversion.key[:_KEY_CHARACTERS]
        return self._directory / f"{name}-{conversion.engine}-{conversion.precision}-{key}"


def _read(directory: Path) -> ConvertedModel | None:
    """Return the model in a directory; ``None`` if there is no valid manifest."""
    try:
        data = json.loads((directory / _MANIFEST).read_text("utf-8"))
        files = {name: (int(size), str(sha)) for name, (size, sha) in data.pop("files").items()}
        return ConvertedModel(**data, files=files, directory=directory)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
