"""``model verify`` and ``adapter verify``: a list of checks, and whether any of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.adapters.checks import check_adapter
from jupyter_safecoder.adapters.registry import Adapter, Registry, read_card
from jupyter_safecoder.cli.output import print_error, print_line, print_report
from jupyter_safecoder.conversion import ConvertedModel
from jupyter_safecoder.downloads.description import shipped_adapters
from jupyter_safecoder.errors import ModelError, SafeCoderError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.cards import Check, check_model
from jupyter_safecoder.models.catalogue import Entry, find_entry
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings

from .find import find_words
from .probe import check_probe

Progress = Callable[[float, str], None]
#: How a result is shown in a line.
_MARKS = {True: "ok", False: "FAILED", None: "unknown"}


def checks_of_model(
    model: ModelDescription,
    converted: Sequence[ConvertedModel],
    requested: RuntimeSettings,
    progress: Progress,
) -> Iterator[Check]:
    """Yield the checks of a model, of its adapter, and of what it was converted to.

    Parameters
    ----------
    model
        The model.
    converted
        What it was converted to.
    requested
        How it is served.
    progress
        Called with the share that is done, 0 to 1, and what is being done.
    """
    entry = find_entry(model.name, requested.catalogues)
    yield from check_model(model, entry, lambda share: progress(share, f"Reading {model.name}"))
    yield from _adapter(entry)
    for one in converted:
        yield _converted(one, progress)
    yield check_probe(model, find_words(model, entry).probe, requested, progress)


def _adapter(entry: Entry | None) -> Iterator[Check]:
    """Yield the check of the adapter that is merged into a model of the catalogue."""
    if entry is None or not entry.adapter:
        return
    try:
        directory = shipped_adapters() / entry.adapter
        card = read_card(directory)
    except ModuleNotFoundError:
        card = None
    if card is None:
        yield Check("adapter", None, f"{entry.adapter} is not installed")
        return
    files = next(check_adapter(Adapter(card, directory), None))
    yield Check("adapter", files.ok, f"{card.name}: {files.detail}")


def _converted(one: ConvertedModel, progress: Progress) -> Check:
    name = f"{one.engine} {one.precision}"
    try:
        one.verify(lambda share: progress(share, f"Reading {name}"))
    except ModelError as error:
        return Check("prepared", False, f"{name}: {error.reason} {error.remedy}")
    return Check("prepared", True, f"{name}: SHA-256 of {len(one.files)} files as converted")


def checks_of_adapter(adapter: Adapter, requested: RuntimeSettings) -> Iterator[Check]:
    """Yield the checks of an adapter, with its base model if that is the one here.

    Parameters
    ----------
    adapter
        The adapter.
    requested
        Names the model that it may be for.
    """
    try:
        base = resolve_base_model(requested)
        # Hashing the weights of another model would take time for nothing.
        same = base.name == adapter.card.base
        sha256 = Registry(requested.cache).base_hash(base) if same else ""
    except (SafeCoderError, OSError):
        yield from check_adapter(adapter, None)
        return
    yield from check_adapter(adapter, base, sha256)


def print_checks(facts: dict[str, Any], checks: Iterable[Check], *, as_json: bool) -> int:
    """Print facts and checks; returns the exit status, 1 if a check failed.

    Parameters
    ----------
    facts
        Fields before the checks; ``ok`` is replaced.
    checks
        The checks.
    as_json
        Whether to print one JSON object.
    """
    found = list(checks)
    failed = [check for check in found if check.ok is False]
    report = {**facts, "ok": not failed}
    if as_json:
        print_report({**report, "checks": [asdict(check) for check in found]}, as_json=True)
    else:
        print_report(report, as_json=False)
        for check in found:
            print_line(f"{check.check}: {_MARKS[check.ok]}: {check.detail}")
    for check in failed:
        print_error(check.detail)
    return 1 if failed else 0
