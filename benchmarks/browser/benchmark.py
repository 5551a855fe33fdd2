"""Types notebooks in JupyterLab in Chromium, and reports what users get of completions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from jupyter_safecoder.errors import CheckFailed
from jupyter_safecoder.evaluation.percentiles import percentiles
from jupyter_safecoder.evaluation.replay.passages import (
    Notebook,
    Passage,
    draw_passages,
    read_notebooks,
)
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.chromium import chromium
from tests.support.jupyter_site import JupyterSite, jupyter_site

from .cpu_profile import own_times_ms
from .notebooks import first_key, notebook_cells
from .report import Press, share, summarize
from .rhythm import Rhythm
from .typist import Typed, Typist

_PROBE = Path(__file__).with_name("probe.js")
#: Microseconds between two samples of the main thread.
_SAMPLING_US = 200
#: Milliseconds that the cursor is in a new notebook before the first key, and the maximum time
#: until the suggestion.
_REST_MS, _FIRST_KEY_MS = 1000, 8000
#: Lines that are drawn for each first key: some have no suggestion.
_LINES_PER_FIRST_KEY = 8


@dataclass(frozen=True)
class BrowserBench:
    """What is typed, and how.

    Parameters
    ----------
    files
        Notebooks to type; empty: a sample.
    keys
        Number of keys.
    first_keys
        Number of notebooks that are opened for one key.
    cells
        Minimum number of cells of a notebook.
    seed
        Seed of the passages and of the rhythm.
    settings
        Settings of the runtime.
    """

    files: Sequence[Path]
    keys: int = 300
    first_keys: int = 10
    cells: int = 0
    seed: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)


def bench_browser(
    options: BrowserBench, progress: Callable[[str], None] = lambda message: None
) -> dict[str, Any]:
    """Type passages as a user does, and first keys in notebooks that were just opened.

    Parameters
    ----------
    options
        What is typed.
    progress
        Called with what is done.

    Returns
    -------
    dict
        The fields are described in ``docs/reference/benchmarks.md``.

    Raises
    ------
    CheckFailed
        If the model does not become ready, or the editor does not hold what was typed.
    """
    from jupyter_safecoder.evaluation.tasks import SAMPLE

    notebooks = read_notebooks(options.files or [SAMPLE])
    settings = {"model": EMBEDDED, **options.settings}
    with chromium() as browser:
        with _site(browser, settings) as site:
            report = _typing(site, notebooks, options, str(settings["model"]), progress)
        # Every suggestion is shown: what counts here is the time of those that there are.
        with _site(browser, {**settings, "suggestions": "many"}) as site:
            firsts = _first_keys(site, notebooks, options, progress)
    return {
        **report,
        "first_key_ms": percentiles(firsts),
        "first_keys": len(firsts),
        "cells": options.cells,
    }


@contextmanager
def _site(browser: Browser, settings: Mapping[str, object]) -> Iterator[JupyterSite]:
    with (
        tempfile.TemporaryDirectory() as temporary,
        jupyter_site(browser, Path(temporary), settings) as site,
    ):
        page = site.new_page()
        page.add_init_script(path=_PROBE)
        site.use(page)
        if site.status()["state"] != "ready":
            raise CheckFailed("The model did not become ready.", site.status()["reason"])
        yield site


def _typing(
    site: JupyterSite,
    notebooks: Sequence[Notebook],
    options: BrowserBench,
    model: str,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    rhythm, typed = Rhythm(options.seed), Typed()
    written = ""
    before = site.counter("completion_tokens")
    cdp = site.page.context.new_cdp_session(site.page)
    _start_profile(cdp)
    for number, passage in enumerate(_passages(notebooks, options.keys, options.seed)):
        if len(typed.kinds) >= options.keys:
            break
        page = _open(site, passage, number, options.cells, passage.prefix)
        typist = Typist(
            page,
            rhythm,
            typed,
            options.keys,
            lambda keys: progress(f"Typing: {keys} of {options.keys} keys"),
        )
        text = passage.prefix + passage.text
        written += typist.write(text)[len(passage.prefix) :]
        site.close_notebooks()
    offset_us = _clock_offset_us(cdp)
    profile = cdp.send("Profiler.stop")["profile"]
    probe = site.page.evaluate("({keys: safecoderProbe.keys, requests: safecoderProbe.requests})")
    keys = probe["keys"]
    if len(keys) != len(typed.kinds):
        raise CheckFailed(f"The page got {len(keys)} of {len(typed.kinds)} keys.", "Run it again.")
    presses = [
        Press(kind, key["at"], key["ghost"]) for kind, key in zip(typed.kinds, keys, strict=True)
    ]
    times = own_times_ms(profile, [1000 * press.at + offset_us for press in presses])
    generated = site.counter("completion_tokens") - before
    used = (typed.taken + typed.agreed) * _tokens_per_character(model, written)
    return {
        **summarize(presses, probe["requests"]),
        "main_thread_ms": percentiles(times),
        "wasted_tokens": share(max(0.0, generated - used), generated),
        "saved": share(typed.taken, typed.characters),
        "requests": len(probe["requests"]),
    }


def _passages(notebooks: Sequence[Notebook], lines: int, seed: int) -> list[Passage]:
    """Return passages of at least so many lines; what no key has is left out."""
    found = draw_passages(notebooks, lines, seed)
    return [passage for passage in found if passage.text.isascii()]


def _first_keys(
    site: JupyterSite,
    notebooks: Sequence[Notebook],
    options: BrowserBench,
    progress: Callable[[str], None],
) -> list[float]:
    times: list[float] = []
    lines = options.first_keys * _LINES_PER_FIRST_KEY
    for number, passage in enumerate(_passages(notebooks, lines, options.seed + 1)):
        pressed = first_key(passage)
        if pressed is None or len(times) >= options.first_keys:
            continue
        prefix, key = pressed
        page = _open(site, passage, number, options.cells, prefix)
        page.wait_for_timeout(_REST_MS)
        page.keyboard.type(key)
        page.wait_for_timeout(20)
        waited = 0
        while (ghost := _last_key(page)["ghost"]) is None and waited < _FIRST_KEY_MS:
            page.wait_for_timeout(50)
            waited += 50
        if ghost is not None:
            times.append(ghost - _last_key(page)["at"])
        progress(f"First keys: {len(times)} of {options.first_keys}")
        site.close_notebooks()
    return times


def _last_key(page: Page) -> dict[str, Any]:
    key: dict[str, Any] = page.evaluate("safecoderProbe.keys.at(-1)")
    return key


def _open(site: JupyterSite, passage: Passage, number: int, cells: int, prefix: str) -> Page:
    """Open a notebook, and put the cursor at the end of its last cell."""
    content = notebook_cells(passage, number, cells, prefix)
    notebook = site.notebook(*content, name=f"typed-{number}-{len(site.opened)}")
    notebook.edit(len(content) - 1)
    return notebook.page


def _start_profile(cdp: CDPSession) -> None:
    cdp.send("Performance.enable")
    cdp.send("Profiler.enable")
    cdp.send("Profiler.setSamplingInterval", {"interval": _SAMPLING_US})
    cdp.send("Profiler.start")


def _clock_offset_us(cdp: CDPSession) -> float:
    """Return when the page's clock began, in microseconds on the clock of the profile."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    values = {metric["name"]: float(metric["value"]) for metric in metrics}
    return 1_000_000 * values["NavigationStart"]


def _tokens_per_character(model: str, text: str) -> float:
    tokenizer = FileTokenizer(resolve_model(model).tokenizer)
    return len(tokenizer.encode(text)) / len(text) if text else 0.0
