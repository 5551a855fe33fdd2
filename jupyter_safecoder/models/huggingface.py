"""Checkpoints of the Hugging Face Hub: from the cache on this disk, or downloaded if allowed."""

from __future__ import annotations

import errno
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jupyter_safecoder.confinement import Address, allow, proxies_of, split_address
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.extras import INSTALL_CHECKPOINTS

from .parameters import format_gb

#: ``owner/name``, as the Hugging Face Hub allows it.
_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
#: Files that are downloaded, from the top level of a repository only.
_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json")
_OTHER_FILES = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config)\.json|README\.md|LICENSE.*"
)
#: Domains of the hub and of its storage, to which it redirects.
HUB_DOMAINS = ("huggingface.co", "hf.co")
_TIMEOUT_S = 15.0
#: Seconds between two reports of progress.
_PROGRESS_S = 0.5

Progress = Callable[[float], None]


def is_repo_id(name: str) -> bool:
    """Return whether a name has the form of a model's id on the Hugging Face Hub."""
    return _REPO_ID.fullmatch(name) is not None and ".." not in name


def fetch_checkpoint(
    name: str, revision: str, *, allow_downloads: bool, weights: bool, progress: Progress
) -> Path:
    """Return the directory of a checkpoint of the Hugging Face Hub on this disk.

    Parameters
    ----------
    name
        ``owner/name``.
    revision
        A branch, tag or commit; empty: ``main``.
    allow_downloads
        Whether missing files may be downloaded. If none is missing, no request is sent.
    weights
        ``False``: only the files that describe the model.
    progress
        Called with the share of bytes that are on this disk, 0 to 1.

    Raises
    ------
    ModelError
        If it is not on this disk, and may not or cannot be downloaded.
    """
    try:
        import huggingface_hub
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise ModelError(
            "Models of the Hugging Face Hub need the package huggingface_hub, which is not "
            "installed.",
            f"Install it: {INSTALL_CHECKPOINTS}.",
        ) from None
    revision = revision or "main"
    cached = _find_cached(name, revision)
    if cached is not None and (not weights or _has_weights(cached)):
        return cached
    if not allow_downloads:
        raise ModelError(
            f"{name} (revision {revision}) is not on this disk, and downloads are not allowed.",
            "Set c.SafeCoder.allow_downloads to True (on the command line --allow-downloads), or "
            "copy the checkpoint to this disk and name its directory.",
        )
    disable_progress_bars()
    allow_hub()
    with explain_errors(name, revision):
        info = huggingface_hub.HfApi().model_info(
            name, revision=revision, files_metadata=True, timeout=_TIMEOUT_S
        )
        siblings = info.siblings or ()
        sizes = {s.rfilename: s.size or 0 for s in siblings if is_needed(s.rfilename, weights)}
        _check_before_download(name, [s.rfilename for s in siblings], sizes, weights)
        with _report_progress(name, sum(sizes.values()), progress):
            directory = huggingface_hub.snapshot_download(
                name, revision=revision, allow_patterns=list(sizes), etag_timeout=_TIMEOUT_S
            )
    return Path(directory)


def allow_hub() -> None:
    """Allow this process to connect to the Hugging Face Hub, which it is about to do."""
    from huggingface_hub import constants

    allow(split_address(constants.ENDPOINT))
    for domain in HUB_DOMAINS:
        allow(Address(domain))
        allow(Address(f".{domain}"))
    for proxy in proxies_of():
        allow(proxy)


def cached_models() -> Iterator[tuple[str, Path]]:
    """Yield the ids and directories of the checkpoints in the Hugging Face cache on this disk."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda repository: repository.repo_id):
        for revision in repository.revisions:
            if repository.repo_type == "model" and _has_weights(revision.snapshot_path):
                yield repository.repo_id, revision.snapshot_path


def _find_cached(name: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError):
        return None


def _has_weights(directory: Path) -> bool:
    from .safetensors import find_weights

    try:
        return bool(find_weights(directory))
    except ModelError:
        return False


def is_needed(file: str, weights: bool) -> bool:
    """Return whether a file of a repository belongs to a checkpoint, or describes it."""
    return bool(_OTHER_FILES.fullmatch(file) or (weights and _WEIGHTS.fullmatch(file)))


def _check_before_download(
    name: str, files: Sequence[str], sizes: dict[str, int], weights: bool
) -> None:
    """Refuse a model without safetensors, and one that the disk has no room for."""
    if weights and not any(file.endswith(".safetensors") for file in sizes):
        pickled = any(file.endswith((".bin", ".pt", ".pth", ".ckpt")) for file in files)
        why = ": its weights are in a format that can run code when it is read." if pickled else "."
        raise ModelError(
            f"{name} has no safetensors{why}",
            "Choose a revision or a model with safetensors, or convert it where you trust it.",
        )
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    existing = next(path for path in (cache, *cache.parents) if path.is_dir())
    free, needed = shutil.disk_usage(existing).free, sum(sizes.values())
    if needed > free:
        raise ModelError(
            f"{name} needs {format_gb(needed)}; {format_gb(free)} are free in {cache}.",
            "Free some space, or set the environment variable HF_HOME to a larger disk.",
        )


@contextmanager
def _report_progress(name: str, total: int, progress: Progress) -> Iterator[None]:
    """Report how the files in the cache grow while they are downloaded."""
    from huggingface_hub.constants import HF_HUB_CACHE

    blobs = Path(HF_HUB_CACHE, f"models--{name.replace('/', '--')}", "blobs")
    done = threading.Event()

    def report() -> None:
        while not done.wait(_PROGRESS_S):
            progress(min(1.0, _directory_size(blobs) / max(1, total)))

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _directory_size(directory: Path) -> int:
    size = 0
    for path in directory.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:
            continue  # it was just completed and renamed
    return size


@contextmanager
def explain_errors(name: str, revision: str) -> Iterator[None]:
    """Turn errors of the library into ``ModelError`` with a remedy."""
    from huggingface_hub import errors

    # The base class of its HTTP library's errors, from which its own derive: httpx since version 1,
    # requests before. It is not imported, because this package requires neither.
    http_error: type[Exception] = errors.HfHubHTTPError.__bases__[0]
    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"{name} is gated: its owner requires that you accept its terms.",
            "Accept them on the model's page in a browser, then set the environment variable "
            "HF_TOKEN to a token of that account (or run 'hf auth login').",
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(
            f"{name} has no revision {revision!r}.",
            "Set c.SafeCoder.revision to a branch, a tag or a commit of the model.",
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"The Hugging Face Hub has no model {name}, or you may not see it.",
            "Check the spelling; for a private model set the environment variable HF_TOKEN.",
        ) from None
    except errors.OfflineModeIsEnabled:
        raise ModelError(
            f"{name} cannot be downloaded: the environment variable HF_HUB_OFFLINE is set.",
            "Unset it, or copy the checkpoint to this disk and name its directory.",
        ) from None
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "unknown")
        raise ModelError(
            f"The Hugging Face Hub answered a request for {name} with the status {status}.",
            "Try again later; behind a proxy, check HTTPS_PROXY and HF_ENDPOINT.",
        ) from None
    except (OSError, http_error) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"The disk is full: the download of {name} stopped, and is kept so far.",
                "Free some space and start again: the download continues.",
            ) from None
        raise ModelError(
            f"The Hugging Face Hub cannot be reached to download {name} ({type(error).__name__}).",
            "Check the network, HTTPS_PROXY and HF_ENDPOINT; or copy the checkpoint to this disk "
            "and name its directory.",
        ) from None
