"""From the settings to a loaded engine: resolve, verify, select, convert, load."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from jupyter_safecoder.adapters.merge import load_merged
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.conversion import (
    convert,
    ensure_writable_copy,
    find_shortage,
    needs_conversion,
)
from jupyter_safecoder.downloads.get import get_model
from jupyter_safecoder.engines import Engine, EngineOptions, RemoteServer, make_engine
from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.engines.selection.choice import Choice
from jupyter_safecoder.engines.selection.keystroke import measure_keystroke
from jupyter_safecoder.engines.selection.select import select_engine
from jupyter_safecoder.errors import EngineError, FinetuneError, ModelError
from jupyter_safecoder.models import (
    AUTO_MODEL,
    EMBEDDED,
    ModelDescription,
    resolve_model,
    verify_files,
)
from jupyter_safecoder.models.catalogue import Entry
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS
from jupyter_safecoder.protocol import State
from jupyter_safecoder.settings import RuntimeSettings

from .load_memory import MemoryEstimate, check_memory
from .model_choice import MAX_KEYSTROKE_MS, choose_model, keep_keystroke

#: As the name of an adapter: the base model, even if an adapter is active.
NO_ADAPTER = "-"

#: Takes the share that is done, 0 to 1, and what is being done.
Progress = Callable[[float, str], None]


class StatusCallback(Protocol):
    """Takes the state of a load and its reason, and other fields of the status that change."""

    def __call__(self, state: State, reason: str, **changes: object) -> None:
        """Take them."""


@dataclass(frozen=True)
class LoadedModel:
    """A model on its engine, the adapter that is merged into it, and a note for users.

    ``hardware`` is the engine's device for the status, ``setting`` the setting without ``auto``.
    """

    model: ModelDescription
    engine: Engine
    hardware: str
    adapter: str = ""
    note: str = ""
    setting: str = ""


def load(
    settings: RuntimeSettings,
    on_status: StatusCallback,
    on_loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> LoadedModel:
    """Return the model of the settings, with its adapter, on a loaded engine.

    Parameters
    ----------
    settings
        The model, and how to run it.
    on_status
        Called with each state until the model is loaded.
    on_loading
        Called with the memory that the weights need, and with ``None`` once they are loaded.

    Raises
    ------
    ModelError, EngineError
        If the model cannot be loaded.
    """
    notes: dict[str, str] = {}
    while (loaded := _load_choice(settings, notes, on_status, on_loading)) is None:
        gc.collect()  # the next model needs the memory of this one
    return replace(loaded, note=" ".join(filter(None, (loaded.note, *notes.values()))))


def _load_choice(
    settings: RuntimeSettings,
    notes: dict[str, str],
    on_status: StatusCallback,
    on_loading: Callable[[MemoryEstimate | None], None],
) -> LoadedModel | None:
    """Load the model that is chosen; return ``None`` if another one is to be chosen.

    ``notes`` has what users should know of those that were tried, by name, and gets this one.
    """
    choice = choose_model(settings, notes)
    named = replace(settings, model=choice.name)
    if settings.model != AUTO_MODEL or choice.name == EMBEDDED:
        return _load(named, on_status, on_loading)
    notes[choice.name] = ""
    try:
        if choice.is_measured:
            return _load(named, on_status, on_loading)
        return _load_if_fast(named, on_status, on_loading)
    except (ModelError, EngineError) as error:
        notes[choice.name] = f"{choice.name} cannot be served: {error.reason} {error.remedy}"
        return None


def _load_if_fast(
    settings: RuntimeSettings,
    on_status: StatusCallback,
    on_loading: Callable[[MemoryEstimate | None], None],
) -> LoadedModel | None:
    """Load a model and measure a keystroke; return ``None`` if that takes too long."""
    time_ms: float | None = None
    keep_keystroke(settings, math.inf)
    try:
        loaded = _load(settings, on_status, on_loading)
        on_status("loading", f"Measuring {settings.model} on this machine: a few seconds.")
        time_ms = measure_keystroke(loaded.engine, loaded.model)
    finally:
        keep_keystroke(settings, time_ms)
    return loaded if time_ms <= MAX_KEYSTROKE_MS else None


def _load(
    settings: RuntimeSettings,
    on_status: StatusCallback,
    on_loading: Callable[[MemoryEstimate | None], None],
) -> LoadedModel:
    def downloading(share: float, text: str) -> None:
        on_status("downloading", text, progress=share)

    base = resolve_base_model(settings, downloading)
    model, adapter, note = _with_adapter(base, settings, on_status)
    loaded = load_model(model, settings, on_status, on_loading)
    return replace(loaded, adapter=adapter, note=note, setting=settings.model)


def _with_adapter(
    base: ModelDescription, settings: RuntimeSettings, on_status: StatusCallback
) -> tuple[ModelDescription, str, str]:
    """Return the model with its adapter merged in, the adapter's name and a note for users."""
    name = settings.adapter or Registry(settings.cache).in_use(base.name)
    if not name or name == NO_ADAPTER:
        return base, "", ""

    def preparing(share: float, text: str) -> None:
        on_status("preparing", f"{text}.", progress=share)

    try:
        return load_merged(base, name, settings.cache, preparing), name, ""
    except FinetuneError as error:
        if settings.adapter:
            raise EngineError(error.reason, error.remedy) from error
        # The active adapter is optional: without it there are completions, and a note.
        return base, "", f"{error.reason} The model is served without it. {error.remedy}"


def load_model(
    model: ModelDescription,
    settings: RuntimeSettings,
    on_status: StatusCallback,
    on_loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> LoadedModel:
    """Return a model on a loaded engine.

    Parameters
    ----------
    model
        The model; that of the settings is not used.
    settings
        How to run it.
    on_status, on_loading
        As for :func:`load`.

    Raises
    ------
    ModelError, EngineError
        If the model cannot be loaded.
    """
    _check_description(model, settings)
    reason = f"Checking the files of {model.name}."
    on_status("preparing", reason, model=model.info(), progress=0.0)
    if model.format != "checkpoint":  # a conversion hashes the content of a checkpoint
        verify_files(model, lambda share: on_status("preparing", reason, progress=share))

    def load_engine(choice: Choice) -> Engine:
        def progress(share: float, text: str) -> None:
            on_status("preparing", f"Preparing {model.name}: {text}.", progress=share)

        engine, size = build_engine(settings, model, choice, progress)
        memory = MemoryEstimate(model.name, size, available_bytes())
        check_memory(memory, choice)
        on_loading(memory)
        on_status(
            "loading",
            f"Loading {model.name} into memory: a few seconds.",
            progress=None,
            engine=engine.name,
            device=hardware(choice, engine),
        )
        engine.load()
        on_loading(None)
        return engine

    def hardware(choice: Choice, engine: Engine) -> str:
        return choice.hardware or engine.device

    choice = choose_engine(settings, model, load_engine)
    engine = load_engine(choice)
    window: int = getattr(engine, "window", model.context_window)
    return LoadedModel(model.with_window(window), engine, hardware(choice, engine))


def choose_engine(
    settings: RuntimeSettings,
    model: ModelDescription,
    load_engine: Callable[[Choice], Engine] | None = None,
) -> Choice:
    """Return how to run a model: a GGUF unchanged if memory or disk forbid its conversion.

    Parameters
    ----------
    settings
        What they ask for has priority.
    model
        The model.
    load_engine
        As for :func:`.select_engine`.

    Raises
    ------
    EngineError
        If nothing can run the model as the settings ask.
    """
    choice = select_engine(settings.engine_preferences, model, load_engine)
    servable_unchanged = model.gguf is not None and model.gguf.servable_unchanged
    if not choice.precision or settings.precision or not servable_unchanged:
        return choice
    shortage = find_shortage(model, choice.engine, choice.precision, settings.cache)
    if not shortage:
        return choice
    return replace(choice, precision="", why=f"The GGUF file is served unchanged. {shortage}")


def resolve_base_model(
    settings: RuntimeSettings, progress: Progress = lambda share, text: None
) -> ModelDescription:
    """Return the description of the settings' model, downloaded if that is allowed.

    Parameters
    ----------
    settings
        The model, and where it may come from.
    progress
        Called with the progress of a download.

    Raises
    ------
    ModelError
        If the model cannot be found.
    """

    def get(entry: Entry) -> ModelDescription:
        return get_model(entry, settings.cache, lambda share, text: progress(share, f"{text}."))

    name = choose_model(settings).name
    return resolve_model(
        name,
        revision=settings.revision,
        allow_downloads=settings.allow_downloads,
        weights=not settings.remote,
        progress=lambda share: progress(share, f"Downloading {name}."),
        cache=settings.cache,
        catalogues=settings.catalogues,
        get=get if settings.allow_downloads else None,
    )


def build_engine(
    settings: RuntimeSettings, model: ModelDescription, choice: Choice, progress: Progress
) -> tuple[Engine, int]:
    """Return an engine that is ready to be loaded, and the size of its weights in bytes.

    Parameters
    ----------
    settings
        Options of the engine.
    model
        The model.
    choice
        The engine, its device and precision.
    progress
        Called with the progress of a conversion.

    Raises
    ------
    ModelError, EngineError
        If the model cannot be converted, or the engine not be made.
    """
    prepared = draft = None
    size = model.weights_bytes if choice.engine != "remote" else 0
    cache = settings.cache
    if needs_conversion(model, choice.engine, choice.precision):
        converted = convert(model, choice.engine, choice.precision, cache, progress)
        converted.verify(lambda share: progress(share, "Checking the prepared files"))
        prepared, size = converted.directory, converted.size
    elif choice.engine == "openvino":
        prepared = ensure_writable_copy(model, cache)
    if settings.draft_model and choice.engine == "openvino":
        draft = _draft_model(settings, model, choice, progress)
    options = EngineOptions(
        device=choice.device,
        precision=choice.precision,
        weights=prepared,
        lookup_tokens=settings.lookup_tokens,
        draft=draft,
        max_running=settings.max_running,
        remote=remote_server(settings),
    )
    return make_engine(choice.engine, model, options), size


def remote_server(settings: RuntimeSettings) -> RemoteServer | None:
    """Return the completion server of the settings, if there is one."""
    if not settings.remote_url:
        return None
    return RemoteServer(
        settings.remote_url,
        settings.remote_model,
        settings.remote_key_file,
        settings.remote_ca_file,
        settings.remote_certificate_file,
        settings.remote_certificate_key_file,
        settings.remote_proxy,
        # Shorter than the deadline, so that users see why there is no completion.
        token_timeout_s=0.8 * settings.deadline_s,
    )


def _draft_model(
    settings: RuntimeSettings, model: ModelDescription, choice: Choice, progress: Progress
) -> Path:
    """Return the path of the draft model in the form that the engine takes."""
    draft = resolve_model(
        settings.draft_model, cache=settings.cache, catalogues=settings.catalogues
    )
    if draft.tokenizer.read_bytes() != model.tokenizer.read_bytes():
        raise ModelError(
            f"The draft model {draft.name} has another tokenizer than {model.name}.",
            "Choose a smaller model of the same family, or set c.SafeCoder.draft_model to ''.",
        )
    unchanged = draft.format == "gguf" and (draft.gguf is None or draft.gguf.servable_unchanged)
    if unchanged or not needs_conversion(draft, choice.engine, choice.precision):
        return ensure_writable_copy(draft, settings.cache)
    return convert(draft, choice.engine, choice.precision, settings.cache, progress).directory


def _check_description(model: ModelDescription, settings: RuntimeSettings) -> None:
    unknown = [name for name in (*model.layouts, model.default_layout) if name not in LAYOUTS]
    if model.family not in FAMILIES or unknown:
        raise ModelError(
            f"{model.name} is of a family or layout that this version does not know.",
            "Install a newer jupyter_safecoder.",
        )
    if settings.layout and settings.layout not in model.layouts:
        raise ModelError(
            f"{model.name} was not trained on the layout {settings.layout!r}.",
            f"Set c.SafeCoder.layout to one of: {', '.join(model.layouts)}.",
        )
