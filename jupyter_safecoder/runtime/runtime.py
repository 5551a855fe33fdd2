"""The runtime's state and its life: verify, load, serve, stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from jupyter_safecoder.errors import EngineError, ModelError, RuntimeNotReady
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.protocol import Counters, State, Status
from jupyter_safecoder.settings import RuntimeSettings

from .completion import Completions
from .generation import GenerationThread
from .loading import BASE, Loaded, MemoryEstimate, load
from .openai_completion import OpenAICompletions
from .scheduling import RequestScheduler

log = logging.getLogger("jupyter_safecoder.runtime")


#: Between two looks at whether the old engine has finished, in seconds.
_DRAIN_S = 0.05


class Runtime:
    """A model, an engine, and the state that people are shown.

    Parameters
    ----------
    settings
        What to load and how to serve it.
    loading
        Told what memory the weights will take before they are loaded, and ``None`` after.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
    ) -> None:
        self.settings = settings
        self._loading = loading
        self.counters = Counters()
        self.turns: RequestScheduler | None = None
        self.completions: Completions | None = None
        self.texts: OpenAICompletions | None = None
        self.died: asyncio.Event = asyncio.Event()
        self._generation: GenerationThread | None = None
        self._switching = False
        self._status = Status("starting", "The runtime has just started.", counters=self.counters)

    def status(self) -> Status:
        """Return the present state."""
        status = replace(self._status, counters=self.counters)
        waiting = self.turns.admission.waiting if self.turns else 0
        if status.state == "ready" and waiting:
            return replace(
                status,
                state="busy",
                queue=waiting,
                reason=f"{waiting} requests wait for their turn.",
            )
        return status

    async def load(self) -> None:
        """Find, verify and load the model; ends in ``ready`` or ``failed``, never raises."""
        loop = asyncio.get_running_loop()

        def say(state: State, reason: str, **changes: Any) -> None:
            loop.call_soon_threadsafe(partial(self._say, state, reason, **changes))

        try:
            loaded = await loop.run_in_executor(None, load, self.settings, say, self._loading)
            self._open(loaded)
        except (ModelError, EngineError) as problem:
            self._say("failed", problem.reason, remedy=problem.remedy, progress=None)
        except Exception as error:
            log.exception("The model could not be loaded.")
            self._say(
                "failed",
                f"The model could not be loaded ({type(error).__name__}).",
                remedy="Run 'jupyter safecoder doctor'; the server's log has the details.",
                progress=None,
            )

    async def use_adapter(self, name: str) -> None:
        """Serve the model with another adapter; empty: without one.

        The new engine is loaded beside the old one, which answers meanwhile; each has a KV cache of
        its own. What runs when they change places is finished by the old one.

        Raises
        ------
        ModelError, EngineError
            If it cannot be loaded: all stays as it was.
        RuntimeNotReady
            If there is nothing to change: no model is loaded, or another change goes on.
        """
        if self.completions is None or self._switching:
            raise RuntimeNotReady
        self._switching = True
        try:
            settings = replace(self.settings, adapter=name or BASE)

            def quiet(state: State, reason: str, **changes: object) -> None:
                log.info("%s: %s", name or "the base", reason)

            loop = asyncio.get_running_loop()
            loaded = await loop.run_in_executor(None, load, settings, quiet)
            old, turns = self._generation, self.turns
            self._open(loaded)
            assert old is not None
            assert turns is not None
            while turns.admission.running or turns.admission.waiting:
                await asyncio.sleep(_DRAIN_S)
            old.close()
        finally:
            self._switching = False

    def _open(self, loaded: Loaded) -> None:
        """Serve with an engine from now on."""
        loop = asyncio.get_running_loop()
        self._generation = GenerationThread(loaded.engine, loop, self._engine_died)
        self.turns = RequestScheduler(self.settings, self._generation, self.counters)
        with_model = (loaded.model, loaded.engine.tokenizer, self.turns)
        self.texts = OpenAICompletions(*with_model)
        self.completions = Completions(self.settings, *with_model)
        reason = f"{loaded.model.name} is ready. {FAMILIES[loaded.model.family].note}".strip()
        self._say(
            "ready",
            f"{reason} {loaded.note}".strip(),
            model=loaded.model.info(),
            adapter=loaded.adapter or None,
            progress=None,
        )

    def close(self) -> None:
        """Stop the engine's thread."""
        if self._generation is not None:
            self._generation.close()

    def _engine_died(self, error: BaseException) -> None:
        """Answer all that wait; the process then ends, and its parent starts a new one."""
        log.error("The engine failed: %s", type(error).__name__)
        self._say(
            "failed",
            f"The engine stopped ({type(error).__name__}).",
            remedy="It starts again by itself; if it keeps failing: 'jupyter safecoder doctor'.",
        )
        if self.turns is not None:
            self.turns.fail(error)
        self.completions = self.texts = None
        self.died.set()

    def _say(self, state: State, reason: str, **changes: Any) -> None:
        if (state, reason) != (self._status.state, self._status.reason):
            log.info("%s: %s", state, reason)
        self._status = replace(
            self._status, **{"state": state, "reason": reason, "remedy": "", **changes}
        )
