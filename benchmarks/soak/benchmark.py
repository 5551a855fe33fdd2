"""The soak: requests, notebooks, adapters and kills, with a reading at the first tenth and the end.

Real requests go through a Jupyter server's extension to its runtime: most to the scripted engine,
which answers at once, and a share to the embedded model with adapters that change.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.soak.resources import Resources, compare, read_resources
from benchmarks.soak.site import Notebooks, Site, running_site
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED, resolve_model

#: Share of the requests that the embedded model answers.
EMBEDDED_SHARE = 0.02
#: When the runtime is killed: shares of the requests.
_KILLS = (1 / 3, 2 / 3)
#: When the first reading is made.
_FIRST = 0.1
#: Number of changes of the model, and how many of them come with a change of the adapter: one in
#: so many, as each loads the embedded model again.
_CHANGES, _EVERY = 40, 4
_ADAPTERS = ("", "first", "second")
_SCRIPTS = ({"otherwise": "mpy as np\n"}, {"otherwise": "range(10):\n    print(row)\n"})


def bench_soak(
    requests: int,
    embedded_share: float = EMBEDDED_SHARE,
    progress: Callable[[int], None] = lambda done: None,
    seed: int = 0,
) -> dict[str, Any]:
    """Send requests, and compare what the processes hold after a tenth of them and at the end.

    Parameters
    ----------
    requests
        Number of requests.
    embedded_share
        Share of them that the embedded model answers; 0: its server is not started.
    progress
        Called with the number of requests done.
    seed
        Of what users do.

    Returns
    -------
    dict
        ``rss_mb``, ``descriptors``, ``threads``, ``sockets`` and ``disk_mb`` after the first tenth
        and at the end, the ``growth`` of memory as a share, ``restarts`` of the runtime, the number
        of ``notebooks``, the ``failures`` by their reason, and the ``seconds`` that it took.

    Raises
    ------
    RuntimeRequestError
        If a runtime does not become ready.
    """
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary, _sites(Path(temporary), embedded_share) as all:
        scripted, embedded = all[0], all[1] if len(all) > 1 else None
        notebooks = Notebooks(chance, lambda: _open_notebook(all))
        at_first = max(1, int(requests * _FIRST))
        kills = {max(at_first + 1, int(requests * share)) for share in _KILLS}
        every = max(1, requests // _CHANGES)
        first: Resources | None = None
        for number in range(1, requests + 1):
            if number % every == 0:
                _change(all, Path(temporary), number // every)
            if number in kills:
                scripted.kill_runtime()
            site = embedded if embedded and chance.random() < embedded_share else scripted
            site.request(chance, *notebooks.next())
            if number == at_first:
                first = _reading(all, Path(temporary))
            progress(number)
        assert first is not None
        last = _reading(all, Path(temporary))
        failures = {name: count for site in all for name, count in site.failures.items()}
    return {
        "requests": requests,
        **compare(first, last),
        "restarts": len(kills),
        "notebooks": notebooks.number,
        "failures": failures,
        "seconds": round(time.monotonic() - started, 1),
    }


@contextmanager
def _sites(directory: Path, embedded_share: float) -> Iterator[list[Site]]:
    """Yield the server of the scripted engine and, if it has a share, that of the model."""
    models = [
        write_scripted_model(directory / f"model-{number}", script)
        for number, script in enumerate(_SCRIPTS)
    ]
    with ExitStack() as stack:
        # Caches of their own: the model that was selected last is in them.
        cache = directory / "cache"
        traits = {"engine": "scripted", "model": str(models[0]), "cache_dir": str(cache)}
        found = [stack.enter_context(running_site(directory / "scripted", traits))]
        if embedded_share:
            # Imported here: it needs torch.
            from tests.support.tiny_adapters import make_adapter

            cache = directory / "embedded-cache"
            for seed, name in enumerate(name for name in _ADAPTERS if name):
                make_adapter(resolve_model(EMBEDDED), cache, name, seed)
            traits = {"model": EMBEDDED, "cache_dir": str(cache)}
            found.append(stack.enter_context(running_site(directory / "embedded", traits)))
            # Each is merged and converted once: files that stay are no growth.
            for name in _ADAPTERS:
                found[-1].use_adapter(name)
        yield found


def _open_notebook(sites: list[Site]) -> None:
    """Do what a page does when a notebook is opened."""
    for site in sites:
        site.http.post("/start").raise_for_status()
        site.http.get("/models").raise_for_status()


def _change(sites: list[Site], directory: Path, number: int) -> None:
    """Serve another scripted model, and the embedded one with another adapter."""
    sites[0].use_model(str(directory / f"model-{number % len(_SCRIPTS)}"))
    if number % _EVERY == 0:
        for site in sites[1:]:
            site.use_adapter(_ADAPTERS[number // _EVERY % len(_ADAPTERS)])


def _reading(sites: list[Site], directory: Path) -> Resources:
    return read_resources([site.pid for site in sites], directory)
