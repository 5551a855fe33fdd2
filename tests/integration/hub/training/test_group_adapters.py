"""Two groups of a real Hub with an adapter each: no group is served with another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.models import resolve_model
from tests.support.processes import runtimes_of, until
from tests.support.real_hub import SCOPES, Hub, real_hub
from tests.support.tiny_adapters import make_adapter, write_tiny_model

pytestmark = pytest.mark.timeout(240)
POLICY = """\
[groups.vision]
adapter = "seeing"

[groups.speech]
adapter = "hearing"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a Hub with a tiny model and two adapters of it."""
    directory: Path = tmp_path_factory.mktemp("hub")
    tiny = write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")
    for seed, name in enumerate(("seeing", "hearing")):
        make_adapter(resolve_model(str(tiny)), directory / "cache", name, seed)
    with real_hub(directory, policy=POLICY, model=tiny) as running:
        yield running


def test_each_group_has_its_own_and_no_other(hub: Hub) -> None:
    tokens = {name: hub.token(name, SCOPES) for name in ("ada", "bob", "cleo")}
    for token in tokens.values():
        until(partial(hub.ready, token), 90)
    options = {"max_tokens": 12, "rules": False}

    def ask(name: str) -> tuple[int, list[dict[str, Any]]]:
        return hub.ask(tokens[name], prefix="import teamkit", options=options)

    def answer(name: str) -> str:
        status, events = ask(name)
        assert status == 200
        return str(events[-1]["text"])

    # The same prompt again and again: what one group's cache holds must not reach the other.
    answers = [(answer("ada"), answer("bob"), answer("cleo")) for _ in range(3)]
    [(seeing, hearing, also_seeing)] = set(answers)
    assert seeing == also_seeing != hearing
    served = {entry["user"]: entry["adapter"] for entry in hub.entries()}
    assert served == {"ada": "seeing", "bob": "hearing", "cleo": "seeing"}
    assert len(runtimes_of(hub.process.pid)) == 2

    # The policy gives bob's group none. Until then he is served as before, and refused while the
    # runtime without an adapter starts; never with another group's.
    hub.policy.write_text(POLICY.replace('adapter = "hearing"', ""))

    def served_without() -> bool:
        hub.ready(tokens["bob"])
        status, events = ask("bob")
        assert status in (200, 503)
        return status == 200 and events[-1]["text"] != hearing

    until(served_without, 60)
    assert answer("bob") not in (seeing, hearing)
    assert "teamkit" not in json.dumps(hub.entries())
