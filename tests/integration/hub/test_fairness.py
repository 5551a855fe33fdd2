"""Simultaneous users, what the policy excludes and records, other editors: in a real Hub."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from openai import OpenAI, PermissionDeniedError

from tests.support.processes import until
from tests.support.real_hub import ODD_GROUP, ODD_USER, POLICY, SCOPES, Hub, body, real_hub

pytestmark = pytest.mark.timeout(240)
SCRIPT = {
    "answers": [{"after": "hello", "text": "_world()"}, {"after": "wait", "stall": True}],
    "otherwise": "0123456789",
    "token_ms": 10,
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a Hub whose service runs two requests at once."""
    directory = tmp_path_factory.mktemp("hub")
    with real_hub(directory, script=SCRIPT, arguments=["--max-running", "2"]) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(hub: Hub) -> dict[str, str]:
    """Return a token of each, once all can be served."""
    found = {name: hub.token(name, SCOPES) for name in ("ada", "bob", ODD_USER)}
    for token in found.values():
        until(partial(hub.ready, token), 60)
    return found


@pytest.fixture
def policy(hub: Hub, tokens: dict[str, str]) -> Iterator[Hub]:
    """Give back the policy at the end, and wait until it is in force."""
    yield hub
    hub.policy.write_text(POLICY)
    # Of all policies here only that one names the odd group.
    until(lambda: hub.ask(tokens[ODD_USER])[0] == 200, 5)


def test_a_waiting_user_sees_the_position_and_may_disconnect(
    hub: Hub, tokens: dict[str, str]
) -> None:
    headers = {"Authorization": f"token {tokens['bob']}"}
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(hub.ask, tokens["ada"], prefix="wait", document=d) for d in "ab"]
        time.sleep(0.5)
        content = body("wait", document="c")
        with hub.client.stream(
            "POST", f"{hub.service}/completions", content=content, headers=headers
        ) as answer:
            lines = answer.iter_lines()
            assert json.loads(next(lines)) == {"event": "queued", "position": 1}
            status = hub.client.get(f"{hub.service}/status", headers=headers).json()
            assert (status["state"], status["queue"]) == ("busy", 1)
        # A newer request for a document ends the older one, though it runs.
        assert hub.ask(tokens["ada"], prefix="hello", document="a")[1][-1]["text"] == "_world()"
        assert asked[0].result()[1][-1]["finish_reason"] == "superseded"
        assert hub.ask(tokens["ada"], prefix="hello", document="b")[1][-1]["text"] == "_world()"
    outcomes = Counter((e["user"], e["outcome"]) for e in hub.entries() if "outcome" in e)
    assert outcomes["bob", "cancelled"] == 1
    assert outcomes["ada", "superseded"] == 2


def test_shares_follow_the_policy_s_weights(policy: Hub, tokens: dict[str, str]) -> None:
    hub = policy
    hub.policy.write_text("[groups.vision]\nweight = 3\n[groups.speech]\n")
    time.sleep(1.2)
    answered: Counter[str] = Counter()

    def type_on(name: str, document: int, end: float) -> None:
        while time.monotonic() < end:
            status, events = hub.ask(tokens[name], prefix=f"x{document}", document=str(document))
            assert (status, events[-1]["event"]) == (200, "done"), events
            answered[name] += 1

    with ThreadPoolExecutor(12) as pool:
        end = time.monotonic() + 4
        # Bob has more notebooks open: it does not help him.
        typing = [pool.submit(type_on, "ada", n, end) for n in range(5)]
        typing += [pool.submit(type_on, "bob", n, end) for n in range(7)]
        for each in typing:
            each.result()
    assert 2 < answered["ada"] / answered["bob"] < 4


def test_what_the_policy_excludes(policy: Hub, tokens: dict[str, str]) -> None:
    hub = policy
    hub.policy.write_text(
        "[groups.speech]\nexclude_paths = ['finance/*']\nexclude_text = ['top secret']\n"
    )
    time.sleep(1.2)

    def reason(**changes: str) -> str:
        return str(hub.ask(tokens["bob"], **changes)[1][-1]["finish_reason"])

    assert reason(path="work/a.ipynb") == "end"
    assert reason(path="finance/a.ipynb") == "excluded"
    assert reason() == "excluded"
    assert reason(path="work/a.ipynb", suffix="# TOP SECRET") == "excluded"
    assert hub.entries()[-1]["outcome"] == "excluded"
    assert "finance" not in json.dumps(hub.entries())


def test_users_are_recorded_as_the_policy_says(policy: Hub, tokens: dict[str, str]) -> None:
    hub = policy
    groups = "[groups.speech]\n[groups.vision]\n"
    hub.policy.write_text(groups + '[audit]\nidentity = "pseudonym"\n')
    until(lambda: hub.ask(tokens["bob"]) and hub.entries()[-1]["user"] != "bob", 5)
    shown = hub.entries()[-1]["user"]
    assert re.fullmatch("p-[0-9a-f]{16}", shown)
    hub.ask(tokens["ada"])
    assert hub.entries()[-1]["user"] not in (shown, "ada")
    hub.ask(tokens["bob"])
    assert hub.entries()[-1]["user"] == shown


def test_other_editors_use_openai_s_protocol(policy: Hub, tokens: dict[str, str]) -> None:
    hub = policy
    with OpenAI(base_url=f"{hub.service}/v1", api_key=tokens["bob"], max_retries=0) as client:
        [model] = client.models.list().data
        whole = client.completions.create(model=model.id, prompt="hello", max_tokens=50)
        assert whole.choices[0].text == "_world()"
        last = hub.entries()[-1]
        assert (last["action"], last["user"], last["outcome"]) == ("text", "bob", "stop")
        assert whole.usage is not None
        assert last["completion_tokens"] == whole.usage.completion_tokens > 0
        assert last["prompt_tokens"] == whole.usage.prompt_tokens > 0
        chunks = list(
            client.completions.create(model=model.id, prompt="hello", max_tokens=50, stream=True)
        )
        assert "".join(chunk.choices[0].text for chunk in chunks) == "_world()"
        assert hub.entries()[-1]["completion_tokens"] == last["completion_tokens"]
        hub.policy.write_text("[groups.speech]\nfeatures = ['complete']\n")
        time.sleep(1.2)
        with pytest.raises(
            PermissionDeniedError, match="Your group is not allowed to use this feature"
        ):
            client.completions.create(model=model.id, prompt="hello")
    until(lambda: hub.entries()[-1]["reason"] == "not granted")


def test_names_with_odd_characters(hub: Hub, tokens: dict[str, str]) -> None:
    assert hub.ask(tokens[ODD_USER])[0] == 200
    last = hub.entries()[-1]
    assert (last["user"], last["group"]) == (ODD_USER, ODD_GROUP)
