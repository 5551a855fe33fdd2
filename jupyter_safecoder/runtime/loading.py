"""From the settings to a loaded engine: find, verify, choose, prepare, load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from jupyter_safecoder.conversion import convert, ensure_writable_copy, needs_conversion
from jupyter_safecoder.engines import Engine, EngineOptions, RemoteServer, make_engine
from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.engines.selection.choice import Choice
from jupyter_safecoder.engines.selection.select import select_engine
from jupyter_safecoder.errors import EngineError, ModelError
from jupyter_safecoder.models import ModelDescription, resolve_model, verify_files
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS
from jupyter_safecoder.protocol import State
from jupyter_safecoder.settings import RuntimeSettings

#: The adapter that is none: the base as it is, whatever is in use.
BASE = "-"

Share = Callable[[float, str], None]


class StatusCallback(Protocol):
    """Takes the state of a load, its reason, and what else has changed of the status."""

    def __call__(self, state: State, reason: str, **changes: object) -> None:
        """Tell it."""


@dataclass(frozen=True)
class MemoryEstimate:
    """What loading is about to take: noted for whoever finds the process dead."""

    model: str
    need_bytes: int
    free_bytes: int | None


@dataclass(frozen=True)
class Loaded:
    """A model on its engine, the adapter merged into it, and what people should know of that."""

    model: ModelDescription
    engine: Engine
    adapter: str = ""
    note: str = ""


def load(
    settings: RuntimeSettings,
    say: StatusCallback,
    loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> Loaded:
    """Return the model of the settings on a loaded engine.

    Parameters
    ----------
    settings
        Which model, and how to run it.
    say
        Is told each state on the way.
    loading
        Called before the weights are read into memory, and with ``None`` after.

    Raises
    ------
    ModelError, EngineError
        With what is wrong, and what to do about it.
    """
    model = find(settings, lambda share, text: say("downloading", text, progress=share))
    base, note, name = model, "", settings.adapter or _in_use(settings, model)
    if name == BASE:
        name = ""
    if name:
        # Late: whoever has no adapter needs nothing of this.
        from jupyter_safecoder.adapters.merge import adapted
        from jupyter_safecoder.errors import FinetuneError

        def preparing(share: float, text: str) -> None:
            say("preparing", f"{text}.", progress=share)

        try:
            model = adapted(base, name, settings.cache, preparing)
        except FinetuneError as problem:
            if settings.adapter:
                raise EngineError(problem.reason, problem.remedy) from problem
            # It was in use before: without it people have completions, and are told why.
            name, note = "", f"{problem.reason} It is served without. {problem.remedy}"
    loaded = load_model(model, settings, say, loading)
    return replace(loaded, adapter=name, note=note)


def load_model(
    model: ModelDescription,
    settings: RuntimeSettings,
    say: StatusCallback,
    loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> Loaded:
    """Return a model that was found on a loaded engine; the settings say how.

    Raises
    ------
    ModelError, EngineError
        With what is wrong, and what to do about it.
    """
    _check(model, settings)
    reason = f"Checking the files of {model.name}."
    say("preparing", reason, model=model.info(), progress=0.0)
    if model.format != "checkpoint":  # whose content is hashed when it is prepared
        verify_files(model, lambda share: say("preparing", reason, progress=share))

    def loaded(choice: Choice) -> Engine:
        def progress(share: float, text: str) -> None:
            say("preparing", f"Preparing {model.name}: {text}.", progress=share)

        engine, size = build_engine(settings, model, choice, progress)
        memory = MemoryEstimate(model.name, size, available_bytes())
        _check_memory(memory, choice)
        loading(memory)
        say(
            "loading",
            f"Loading {model.name} into memory: a few seconds.",
            progress=None,
            engine=engine.name,
            device=choice.hardware or engine.device,
        )
        engine.load()
        loading(None)
        return engine

    choice = select_engine(settings.engine_preferences, model, loaded)
    return Loaded(model, loaded(choice))


def _in_use(settings: RuntimeSettings, model: ModelDescription) -> str:
    from jupyter_safecoder.adapters.registry import Registry

    return Registry(settings.cache).in_use(model.name)


def find(settings: RuntimeSettings, progress: Share = lambda share, text: None) -> ModelDescription:
    """Return the description of the settings' model, downloaded if that is allowed."""
    return resolve_model(
        settings.model,
        revision=settings.revision,
        allow_downloads=settings.allow_downloads,
        weights=not settings.remote,
        progress=lambda share: progress(share, f"Downloading {settings.model}."),
        cache=settings.cache,
    )


def build_engine(
    settings: RuntimeSettings, model: ModelDescription, choice: Choice, progress: Share
) -> tuple[Engine, int]:
    """Return the engine of a choice, prepared but not loaded, and the bytes of its weights."""
    prepared = draft = None
    size = model.weights_bytes if choice.engine != "remote" else 0
    cache = settings.cache
    if needs_conversion(model, choice.engine):
        found = convert(model, choice.engine, choice.precision, cache, progress)
        found.verify(lambda share: progress(share, "Checking the prepared files"))
        prepared, size = found.directory, found.size
    elif choice.engine == "openvino":
        prepared = ensure_writable_copy(model, cache)
    if settings.draft_model and choice.engine == "openvino":
        draft = _draft(settings, model, choice, cache, progress)
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
    """Return the server of the settings, if they have one."""
    if not settings.remote_url:
        return None
    return RemoteServer(
        settings.remote_url,
        settings.remote_model,
        settings.remote_key_file,
        settings.remote_ca_file,
        settings.remote_certificate_file,
        settings.remote_certificate_key_file,
        # Before the deadline, so that people see why nothing came.
        token_timeout_s=0.8 * settings.deadline_s,
    )


def _draft(
    settings: RuntimeSettings,
    model: ModelDescription,
    choice: Choice,
    cache: Path,
    progress: Share,
) -> Path:
    draft = resolve_model(settings.draft_model, cache=cache)
    if draft.tokenizer.read_bytes() != model.tokenizer.read_bytes():
        raise ModelError(
            f"The draft model {draft.name} has another tokenizer than {model.name}.",
            "Choose a smaller model of the same family, or set c.SafeCoder.draft_model to ''.",
        )
    if not needs_conversion(draft, choice.engine):
        return ensure_writable_copy(draft, cache)
    return convert(draft, choice.engine, choice.precision, cache, progress).directory


def _check(model: ModelDescription, settings: RuntimeSettings) -> None:
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


def _check_memory(memory: MemoryEstimate, choice: Choice) -> None:
    on_cpu = choice.device.casefold() in ("", "cpu")
    if on_cpu and memory.free_bytes is not None and memory.need_bytes > memory.free_bytes:
        raise EngineError(
            f"{memory.model} has {memory.need_bytes / 1e9:.1f} GB of weights; "
            f"{memory.free_bytes / 1e9:.1f} GB of memory are free.",
            "Close other programs, set c.SafeCoder.precision to 'int4', or take a smaller model.",
        )
