"""The state of a runtime: loads the model, serves it, changes it or its adapter, stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from jupyter_safecoder.confinement import confinement
from jupyter_safecoder.errors import EngineError, ModelError, RuntimeNotReady
from jupyter_safecoder.models import AUTO_MODEL
from jupyter_safecoder.models.selected import record_selected_model
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.protocol import Counters, Models, Network, State, Status
from jupyter_safecoder.settings import RuntimeSettings

from .attribution import SuggestionChecks, open_checks
from .completion import Completions
from .generation import GenerationThread
from .idle import free_memory
from .load_memory import MemoryEstimate
from .loading import NO_ADAPTER, LoadedModel, load
from .model_choice import list_models
from .openai_completion import OpenAICompletions
from .scheduling import RequestScheduler

log = logging.getLogger("jupyter_safecoder.runtime")

#: Seconds between two checks whether the previous engine has finished its requests.
_DRAIN_POLL_S = 0.05


class Runtime:
    """A model on an engine, and the status that users see.

    Parameters
    ----------
    settings
        The model, and how to serve it.
    on_loading
        Called with the memory that the weights need before they are loaded, and with ``None``
        after.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        on_loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
    ) -> None:
        self.settings = settings
        self._on_loading = on_loading
        self.counters = Counters()
        self.scheduler: RequestScheduler | None = None
        self.completions: Completions | None = None
        self.openai_completions: OpenAICompletions | None = None
        #: Set when the engine has failed.
        self.engine_failed: asyncio.Event = asyncio.Event()
        self._checks = SuggestionChecks((), settings.license_rules)
        self._generation: GenerationThread | None = None
        self._is_switching = False
        self._loads: set[asyncio.Task[None]] = set()
        #: The setting ``model``, whichever model is served later.
        self._configured = settings.model
        self._served = settings.model
        self._status = Status("starting", "The runtime has just started.", counters=self.counters)

    def status(self) -> Status:
        """Return the present status."""
        held = confinement()
        network = Network(held.denied, held.guarded, held.allowed, held.refused)
        status = replace(self._status, counters=self.counters, network=network)
        waiting = self.scheduler.admission.waiting if self.scheduler else 0
        if status.state == "ready" and waiting:
            reason = f"{waiting} requests wait in the queue."
            return replace(status, state="busy", queue=waiting, reason=reason)
        return status

    def served_settings(self) -> RuntimeSettings:
        """Return the settings with the name of the model that is served, however it was chosen."""
        return replace(self.settings, model=self._served)

    def models(self) -> Models:
        """Return the models that can be served.

        Raises
        ------
        ModelError
            If a team's catalogue cannot be read.
        """
        return list_models(self.settings, self._configured)

    async def load(self) -> None:
        """Find, verify and load the model; ends in ``ready`` or ``failed``, never raises."""
        loop = asyncio.get_running_loop()

        def on_status(state: State, reason: str, **changes: Any) -> None:
            loop.call_soon_threadsafe(partial(self._set_status, state, reason, **changes))

        try:
            self._checks, note = await loop.run_in_executor(None, open_checks, self.settings)
            loaded = await loop.run_in_executor(
                None, load, self.settings, on_status, self._on_loading
            )
            self._serve(replace(loaded, note=f"{loaded.note} {note}".strip()), self.settings)
        except (ModelError, EngineError) as error:
            self._set_status("failed", error.reason, remedy=error.remedy, progress=None)
        except Exception as error:
            log.exception("The model could not be loaded.")
            self._set_status(
                "failed",
                f"The model could not be loaded ({type(error).__name__}).",
                remedy="Run 'jupyter safecoder doctor'; the server's log has the details.",
                progress=None,
            )

    @property
    def in_use(self) -> bool:
        """Whether requests run or wait, or there is no model that could be unloaded."""
        if self.scheduler is None or self._is_switching:
            return True
        return bool(self.scheduler.admission.running or self.scheduler.admission.waiting)

    async def unload(self, why: str) -> None:
        """Unload the model, which is not in use; :meth:`wake` loads it again.

        Parameters
        ----------
        why
            The reason, a sentence.
        """
        generation, self._generation = self._generation, None
        self.scheduler = self.completions = self.openai_completions = None
        self._set_status(
            "off",
            f"The model was unloaded. {why}",
            remedy="The next notebook or request loads it again.",
            engine=None,
            device=None,
        )
        if generation is not None:
            # Its thread may be in a step that frees what cancelled requests had. It ends also if
            # this is cancelled.
            loop = asyncio.get_running_loop()
            await asyncio.shield(loop.run_in_executor(None, generation.end))
        del generation
        free_memory()

    def wake(self) -> None:
        """Load the model if it was unloaded; returns at once."""
        if self._status.state != "off":
            return
        self._set_status("loading", "The model was unloaded, and is loaded again.")
        task = asyncio.ensure_future(self.load())
        self._loads.add(task)
        task.add_done_callback(self._loads.discard)

    async def use_adapter(self, name: str) -> None:
        """Serve the model with another adapter; see :meth:`use_model`.

        Parameters
        ----------
        name
            Name of the adapter; empty: none.

        Raises
        ------
        ModelError, EngineError
            If the adapter cannot be loaded; the old engine stays in use.
        RuntimeNotReady
            If no model is loaded, or another change is in progress.
        """
        if self.completions is None:
            raise RuntimeNotReady
        adapter = name or NO_ADAPTER
        await self._switch(replace(self.settings, adapter=adapter), name or "the base model")

    async def use_model(self, name: str) -> None:
        """Serve another model, with its active adapter; the next start serves it, too.

        The new engine is loaded beside the old one, which keeps responding meanwhile; each has a KV
        cache of its own. The old engine finishes the requests that it has.

        Parameters
        ----------
        name
            A name as in the setting ``model``.

        Raises
        ------
        ModelError, EngineError
            If the model cannot be loaded; the old engine stays in use.
        RuntimeNotReady
            If a model is being loaded. After a failure another model may be used.
        """
        settings = replace(self.settings, model=name, revision="", adapter="")
        if name == AUTO_MODEL:
            record_selected_model(settings.cache, "")
        await self._switch(settings, name)
        if name != AUTO_MODEL:
            record_selected_model(settings.cache, name)

    async def _switch(self, settings: RuntimeSettings, label: str) -> None:
        """Load with other settings, serve that, and close the old engine."""
        is_loading = self.completions is None and self._status.state not in ("failed", "off")
        if is_loading or self._is_switching or self.engine_failed.is_set():
            raise RuntimeNotReady
        self._is_switching = True
        try:
            loop = asyncio.get_running_loop()
            served = self._status

            def on_status(state: State, reason: str, **changes: object) -> None:
                text = f"{served.reason} {label}: {reason}"
                shown: State = "loading" if served.state == "off" else served.state
                loop.call_soon_threadsafe(partial(self._set_status, shown, text))

            loaded = await loop.run_in_executor(None, load, settings, on_status)
            generation, scheduler = self._generation, self.scheduler
            self._serve(loaded, settings)
            if generation is not None and scheduler is not None:
                while scheduler.admission.busy:
                    await asyncio.sleep(_DRAIN_POLL_S)
                generation.close()
        except (ModelError, EngineError):
            self._status = replace(
                self._status, state=served.state, reason=served.reason, remedy=served.remedy
            )
            raise
        finally:
            self._is_switching = False

    def _serve(self, loaded: LoadedModel, settings: RuntimeSettings) -> None:
        """Send all further requests to an engine, which was loaded with these settings."""
        self.settings, self._served = settings, loaded.setting
        loop = asyncio.get_running_loop()
        self._generation = GenerationThread(loaded.engine, loop, self._on_engine_failure)
        self.scheduler = RequestScheduler(self.settings, self._generation, self.counters)
        model, tokenizer = loaded.model, loaded.engine.tokenizer
        self.openai_completions = OpenAICompletions(model, tokenizer, self.scheduler)
        self.completions = Completions(
            self.settings, model, tokenizer, self.scheduler, self._checks
        )
        reason = f"{model.name} is ready. {FAMILIES[model.family].note}".strip()
        self._set_status(
            "ready",
            f"{reason} {loaded.note}".strip(),
            model=model.info(),
            adapter=loaded.adapter or None,
            engine=loaded.engine.name,
            device=loaded.hardware,
            progress=None,
        )

    def close(self) -> None:
        """Stop the engine's thread."""
        if self._generation is not None:
            self._generation.close()

    def _on_engine_failure(self, error: BaseException) -> None:
        """End all requests; the process then exits, and its parent starts a new one."""
        log.error("The engine failed: %s", type(error).__name__)
        reason = f"The engine stopped ({type(error).__name__})."
        self._set_status(
            "failed",
            reason,
            remedy="It restarts automatically; if it keeps failing: 'jupyter safecoder doctor'.",
        )
        if self.scheduler is not None:
            self.scheduler.fail(EngineError(reason, "It restarts automatically: keep typing."))
        self.completions = self.openai_completions = None
        self.engine_failed.set()

    def _set_status(self, state: State, reason: str, **changes: Any) -> None:
        if (state, reason) != (self._status.state, self._status.reason):
            log.info("%s: %s", state, reason)
        self._status = replace(
            self._status, **{"state": state, "reason": reason, "remedy": "", **changes}
        )
