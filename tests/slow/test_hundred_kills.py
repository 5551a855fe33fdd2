"""A JupyterHub whose parts are killed a hundred times while users type: texts stay apart.

Killed, in an order that a seed decides: the service, a runtime, the Hub itself, its proxy, the
database. Ada types through the proxy and her own server, also in a browser; the others send their
requests to the service directly. ``KILLS=10 pytest …`` is a shorter run.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect, sync_playwright

from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.accounting.database import Database
from jupyter_safecoder.hub.accounting.usage import UsageStore
from tests.support.processes import runtimes_of, until
from tests.support.real_hub import SCOPES, Hub, body, real_hub, start_jupyterhub
from tests.support.real_postgresql import Postgres

pytestmark = pytest.mark.timeout(3600)
KILLS = int(os.environ.get("KILLS", "100"))
#: Seconds until all users are served again; the start of a part is not counted.
SERVED_AGAIN_S = 15
PARTS = os.environ.get("PARTS", "service,runtime,hub,proxy,database").split(",")
#: A response without a last event.
_UNENDED = "unended"
NAMES = ("ada", "bob", "cleo")
SCRIPT = {
    "answers": [{"after": f"{name} says hello", "text": f"_to_{name}()"} for name in NAMES],
    "otherwise": "pass",
    "token_ms": 5,
}
CONFIG = """
c.ConfigurableHTTPProxy.check_running_interval = 1
# By default a Hub checks every 30 seconds whether its services run.
from jupyterhub.services.service import _ServiceSpawner
_ServiceSpawner.poll_interval = 1
"""


@pytest.fixture(scope="module")
def hub(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub whose service counts in PostgreSQL."""
    directory = tmp_path_factory.mktemp("hub")
    arguments = ["--database", postgres.new_database()]
    with real_hub(directory, script=SCRIPT, arguments=arguments, config=CONFIG) as running:
        yield running


@dataclass
class Typist:
    """A user who types whatever happens; counts what the responses were."""

    name: str
    url: str
    token: str
    tokens: int = 0
    last_answer: float = 0.0
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def type_until(self, stop: Event) -> None:
        """Send requests until the event is set."""
        headers = {"Authorization": f"token {self.token}"}
        content = body(f"{self.name} says hello", document=self.name)
        with httpx.Client(headers=headers, timeout=20, trust_env=False) as client:
            while not stop.is_set():
                try:
                    answer = client.post(self.url, content=content)
                    self._take(answer)
                except (httpx.HTTPError, ValueError) as error:
                    self.outcomes[type(error).__name__] += 1
                stop.wait(0.1)

    def _take(self, answer: httpx.Response) -> None:
        if answer.status_code != 200:
            self.outcomes[str(answer.status_code)] += 1
            return
        events = [json.loads(line) for line in answer.text.splitlines()]
        texts = [event["text"] for event in events if event["event"] in ("text", "done")]
        self.wrong += [text for text in texts if not f"_to_{self.name}()".startswith(text)]
        last: dict[str, Any] = events[-1] if events else {"event": "nothing"}
        self.outcomes[last.get("finish_reason") or last.get("code") or _UNENDED] += 1
        if last["event"] == "done" and last["text"]:
            self.tokens += last["completion_tokens"]
            self.last_answer = time.monotonic()


class Parts:
    """Kills parts, and waits until they are back."""

    def __init__(self, hub: Hub, postgres: Postgres) -> None:
        self._hub = hub
        self._postgres = postgres

    def kill(self, part: str) -> None:
        """Kill a part, and return when it is back."""
        getattr(self, f"_kill_{part}")()

    def _kill_service(self) -> None:
        process = self._child("--policy")
        process.kill()
        self._back(lambda: self._child("--policy").pid != process.pid and self._healthy())

    def _kill_runtime(self) -> None:
        pids = [process.pid for process in runtimes_of(self._child("--policy").pid)]
        for pid in pids:
            psutil.Process(pid).kill()
        self._back(lambda: bool(runtimes_of(self._child("--policy").pid)))

    def _kill_hub(self) -> None:
        self._hub.process.kill()
        self._hub.process.wait()
        self._hub.process = start_jupyterhub(self._hub.directory)
        self._back(lambda: self._hub.api.get("/").status_code == 200 and self._healthy())

    def _kill_proxy(self) -> None:
        process = self._child("configurable-http-proxy")
        process.kill()
        self._back(lambda: self._hub.api.get("/").status_code == 200)

    def _kill_database(self) -> None:
        self._postgres.kill()
        self._postgres.start()

    def _healthy(self) -> bool:
        return self._hub.client.get(f"{self._hub.service}/health").status_code == 200

    def _child(self, word: str) -> psutil.Process:
        for child in psutil.Process(self._hub.process.pid).children(recursive=True):
            if any(word in part for part in child.cmdline()):
                return child
        raise LookupError(word)

    def _back(self, condition: Callable[[], bool]) -> None:
        def is_back() -> bool:
            try:
                return condition()
            except (httpx.HTTPError, LookupError, psutil.Error):
                return False

        until(is_back, 120)


@pytest.fixture
def lab(hub: Hub) -> Iterator[Page]:
    """Log in as Ada and open her notebook."""
    notebook = new_notebook(
        cells=[new_code_cell("")], metadata={"language_info": {"name": "python"}}
    )
    nbformat.write(notebook, hub.directory / "home/ada/work.ipynb")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{hub.url}/hub/login?next=/user-redirect/lab/tree/work.ipynb")
        page.fill("#username_input", "ada")
        page.fill("#password_input", "open")
        page.click("#login_submit")
        page.wait_for_function("window.jupyterapp", timeout=60_000)
        yield page
        browser.close()


def _chromium() -> str:
    for path in ("/usr/bin/chromium", "/usr/bin/google-chrome"):
        if Path(path).exists():
            return path
    raise LookupError("chromium")


def test_a_hundred_kills(hub: Hub, postgres: Postgres, lab: Page) -> None:
    own = hub.token("ada", ["access:servers!user=ada"])
    typists = [
        Typist("ada", f"{hub.url}/user/ada/jupyter-safecoder/completions", own),
        *(Typist(n, f"{hub.service}/completions", hub.token(n, SCOPES)) for n in NAMES[1:]),
    ]
    for typist in typists[1:]:
        until(partial(hub.ready, typist.token), 60)
    stop = Event()
    threads = [Thread(target=typist.type_until, args=[stop], daemon=True) for typist in typists]
    for thread in threads:
        thread.start()
    until(lambda: all(typist.last_answer for typist in typists), 60)
    order, parts = random.Random(1), Parts(hub, postgres)
    slowest: dict[str, float] = {}
    killed = Counter[str]()
    for number in range(KILLS):
        part = order.choice(PARTS)
        parts.kill(part)
        killed[part] += 1
        back = time.monotonic()
        until(partial(all_answered_since, typists, back), 60)
        took = time.monotonic() - back
        slowest[part] = max(slowest.get(part, 0.0), took)
        print(f"{number + 1:3} {part:9} {took:5.1f} s until all users were served", flush=True)
        assert took < SERVED_AGAIN_S, part
        # The page in the browser still works.
        assert lab.evaluate("1 + 1") == 2
    item = lab.locator("#jupyter-safecoder-status")
    expect(item).to_have_attribute("data-state", re.compile("^(ready|busy)$"), timeout=60_000)
    stop.set()
    for thread in threads:
        thread.join(30)
    print(dict(killed), slowest)
    for typist in typists:
        print(typist.name, typist.tokens, dict(typist.outcomes))
        assert typist.wrong == []
        assert not typist.outcomes[_UNENDED]
    _counts_are_whole(hub, typists)


def all_answered_since(typists: list[Typist], when: float) -> bool:
    """Return whether each user has received a completion since then."""
    return all(typist.last_answer > when for typist in typists)


def _counts_are_whole(hub: Hub, typists: list[Typist]) -> None:
    """Compare what users received with the log, and the log with the database."""
    assert verify(hub.directory / "state/audit").error == ""
    logged: Counter[str] = Counter()
    for entry in hub.entries():
        if entry["action"] == "complete" and entry["outcome"] != "refused":
            logged[entry["user"]] += entry["prompt_tokens"] + entry["completion_tokens"]
    url = hub.directory / "jupyterhub_config.py"
    [found] = re.findall(r"postgresql\+pg8000://[^']*", url.read_text())[:1]
    database = Database(found)
    usage = UsageStore(database)
    until(lambda: all(usage.tokens_today(t.name) == logged[t.name] for t in typists), 30)
    database.engine.dispose()
    for typist in typists:
        assert logged[typist.name] >= typist.tokens > 0
