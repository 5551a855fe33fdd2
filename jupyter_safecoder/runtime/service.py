"""The runtime's state and its life: verify, load, serve, stop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from ..engines import Engine, EngineOptions, EngineProblem, make_engine
from ..models import ModelDescription, ModelProblem, find_model, verify_files
from ..prompt import FAMILIES, LAYOUTS
from ..protocol import Counters, State, Status
from .completion import Completions
from .generation import GenerationThread
from .settings import RuntimeSettings

log = logging.getLogger("jupyter_safecoder.runtime")


class Runtime:
    """A model, an engine, and the state that people are shown.

    Parameters
    ----------
    settings
        What to load and how to serve it.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self.settings = settings
        self.counters = Counters()
        self.completions: Completions | None = None
        self.died: asyncio.Event = asyncio.Event()
        self._generation: GenerationThread | None = None
        self._status = Status("starting", "The runtime has just started.", counters=self.counters)

    def status(self) -> Status:
        """Return the present state."""
        status = replace(self._status, counters=self.counters)
        if status.state == "ready" and self.completions and self.completions.admission.waiting:
            waiting = self.completions.admission.waiting
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
        try:
            model = find_model(self.settings.model)
            self._check(model)
            self._say("preparing", f"Checking the files of {model.name}.", model=model.info())

            def checked(share: float) -> None:
                loop.call_soon_threadsafe(self._progress, share)

            await loop.run_in_executor(None, verify_files, model, checked)
            engine = self._engine(model)
            self._say(
                "loading",
                f"Loading {model.name} into memory: a few seconds.",
                progress=None,
                engine=engine.name,
                device=engine.device,
            )
            await loop.run_in_executor(None, engine.load)
            self._generation = GenerationThread(engine, loop, self._engine_died)
            self.completions = Completions(
                self.settings, model, engine.tokenizer, self._generation, self.counters
            )
            self._say("ready", f"{model.name} is ready.")
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

    def _check(self, model: ModelDescription) -> None:
        unknown = [name for name in (*model.layouts, model.default_layout) if name not in LAYOUTS]
        if model.family not in FAMILIES or unknown:
            raise ModelProblem(
                f"{model.name} is of a family or layout that this version does not know.",
                "Install a newer jupyter_safecoder.",
            )
        if self.settings.layout and self.settings.layout not in model.layouts:
            raise ModelProblem(
                f"{model.name} was not trained on the layout {self.settings.layout!r}.",
                f"Set c.SafeCoder.layout to one of: {', '.join(model.layouts)}.",
            )

    def _engine(self, model: ModelDescription) -> Engine:
        name = "openvino" if self.settings.engine == "auto" else self.settings.engine
        return make_engine(name, model, EngineOptions(max_running=self.settings.max_running))

    def _engine_died(self, error: BaseException) -> None:
        """Answer all that wait; the process then ends, and its parent starts a new one."""
        log.error("The engine failed: %s", type(error).__name__)
        self._say(
            "failed",
            f"The engine stopped ({type(error).__name__}).",
            remedy="It starts again by itself; if it keeps failing: 'jupyter safecoder doctor'.",
        )
        if self.completions is not None:
            self.completions.fail(error)
            self.completions = None
        self.died.set()

    def _progress(self, share: float) -> None:
        if self._status.state == "preparing":
            self._status = replace(self._status, progress=share)

    def _say(self, state: State, reason: str, **changes: Any) -> None:
        log.info("%s: %s", state, reason)
        self._status = replace(
            self._status, **{"state": state, "reason": reason, "remedy": "", **changes}
        )
