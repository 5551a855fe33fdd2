"""The runtime's state and its life: verify, load, serve, stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ..engines import EngineProblem
from ..models import ModelProblem
from ..prompt import FAMILIES
from ..protocol import Counters, State, Status
from .completion import Completions
from .generation import GenerationThread
from .loading import Memory, load
from .settings import RuntimeSettings
from .text_completion import TextCompletions
from .turns import Turns

log = logging.getLogger("jupyter_safecoder.runtime")


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
        loading: Callable[[Memory | None], None] = lambda memory: None,
    ) -> None:
        self.settings = settings
        self._loading = loading
        self.counters = Counters()
        self.turns: Turns | None = None
        self.completions: Completions | None = None
        self.texts: TextCompletions | None = None
        self.died: asyncio.Event = asyncio.Event()
        self._generation: GenerationThread | None = None
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
            self._generation = GenerationThread(loaded.engine, loop, self._engine_died)
            self.turns = Turns(self.settings, self._generation, self.counters)
            with_model = (loaded.model, loaded.engine.tokenizer, self.turns)
            self.texts = TextCompletions(*with_model)
            self.completions = Completions(self.settings, *with_model)
            note = FAMILIES[loaded.model.family].note
            self._say("ready", f"{loaded.model.name} is ready. {note}".strip())
        except (ModelProblem, EngineProblem) as problem:
            self._say("failed", problem.reason, remedy=problem.remedy, progress=None)
        except Exception as error:
            log.exception("The model could not be loaded.")
            self._say(
                "failed",
                f"The model could not be loaded ({type(error).__name__}).",
                remedy="Run 'jupyter safecoder doctor'; the server's log has the details.",
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
