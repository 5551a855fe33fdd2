"""The models that were prepared, each in a directory that is named after what it was made of.

``<cache>/prepared/<model>-<engine>-<precision>-<key>/`` holds the weights and ``prepared.json``. A
directory appears there whole, by a rename, or not at all.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.fingerprint import hash_file

_MANIFEST = "prepared.json"


@dataclass(frozen=True)
class ConvertedModel:
    """A prepared model; ``files`` maps names to ``[size, sha256]``, ``made`` is UTC in ISO 8601."""

    model: str
    engine: str
    precision: str
    key: str
    source: str
    made: str
    seconds: float
    versions: dict[str, str]
    files: dict[str, tuple[int, str]]
    directory: Path

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for size, _ in self.files.values())

    def whole(self) -> bool:
        """Say whether every file is there in its full length."""
        try:
            return all(
                (self.directory / name).stat().st_size == size
                for name, (size, _) in self.files.items()
            )
        except OSError:
            return False

    def verify(self, progress: Callable[[float], None] = lambda share: None) -> None:
        """Compare every file with the hash that was noted when it was made.

        Raises
        ------
        ModelError
            If a file is missing, truncated or altered.
        """
        remedy = f"Remove it: 'jupyter safecoder model remove {self.source}'; it is prepared anew."
        done = 0
        for name, (size, sha256) in self.files.items():
            try:
                same = hash_file(self.directory / name, lambda n: progress((done + n) / self.size))  # noqa: B023
            except OSError as error:
                raise ModelError(
                    f"{name} of {self.model} cannot be read: {error.strerror}.", remedy
                ) from error
            if same != sha256:
                raise ModelError(f"{name} of {self.model} has changed since it was made.", remedy)
            done += size


class Store:
    """The prepared models below a cache directory.

    Parameters
    ----------
    cache
        The directory; it is made when it is first written to.
    """

    def __init__(self, cache: Path) -> None:
        self._directory = cache / "prepared"
        self.hashes = cache / "hashes.json"

    def all(self) -> list[ConvertedModel]:
        """Return what is there, by name."""
        found = (_read(path.parent) for path in sorted(self._directory.glob(f"*/{_MANIFEST}")))
        return [prepared for prepared in found if prepared is not None]

    def find(self, key: str) -> ConvertedModel | None:
        """Return the model of a key, if it is there and whole."""
        found = next((p for p in self.all() if p.key == key), None)
        return found if found is not None and found.whole() else None

    def remove(self, prepared: ConvertedModel) -> None:
        """Delete a prepared model; a runtime that has loaded it keeps its pages."""
        with self.lock(prepared.key):
            shutil.rmtree(prepared.directory)

    @contextmanager
    def lock(self, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock of a key, which ends with the process; ``waiting``: another has it."""
        from filelock import FileLock, Timeout

        self._directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._directory / f".{key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def staging(self, key: str) -> Iterator[Path]:
        """Yield an empty directory that is gone afterwards, unless :meth:`keep` took it.

        To be used under the lock: what an earlier, killed preparation left is deleted first.
        """
        partial = self._directory / f".{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def keep(
        self,
        partial: Path,
        *,
        model: str,
        source: str,
        engine: str,
        precision: str,
        key: str,
        seconds: float,
        versions: dict[str, str],
    ) -> ConvertedModel:
        """Move a finished directory to its place, with its manifest."""
        files = {
            path.name: (path.stat().st_size, hash_file(path))
            for path in sorted(partial.iterdir())
            if path.is_file()
        }
        name = re.sub(r"[^\w.-]+", "--", model).strip("-.")
        place = self._directory / f"{name}-{engine}-{precision}-{key[:12]}"
        made = datetime.now(timezone.utc).isoformat(timespec="seconds")
        prepared = ConvertedModel(
            model, engine, precision, key, source, made, seconds, versions, files, place
        )
        manifest = {name: v for name, v in asdict(prepared).items() if name != "directory"}
        (partial / _MANIFEST).write_text(json.dumps(manifest, indent=2), "utf-8")
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
        return prepared


def _read(directory: Path) -> ConvertedModel | None:
    try:
        data = json.loads((directory / _MANIFEST).read_text("utf-8"))
        files = {name: (int(size), str(sha)) for name, (size, sha) in data.pop("files").items()}
        return ConvertedModel(**data, files=files, directory=directory)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # not a prepared model: it is neither listed nor loaded
