"""The attacks are what they claim to be: valid, invalid, or small bodies of much."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from tornado import web

from benchmarks.hub.attacks import ATTACKS, Target
from jupyter_safecoder.errors import BodyTooLarge, InvalidRequest
from jupyter_safecoder.hub.training.submission import MAX_COMPRESSED_BYTES, decode
from jupyter_safecoder.openai_protocol import parse_openai_request
from jupyter_safecoder.protocol import parse_request
from tests.support.hub_service import served

#: What the service takes.
MAX_BYTES = 2**20


def body(name: str) -> bytes:
    return ATTACKS[name][0]()


def test_requests_that_are_valid() -> None:
    large = body("large bodies")
    assert MAX_BYTES // 2 < len(large) <= MAX_BYTES
    assert len(parse_request(large).before) == 5000
    assert len(parse_request(body("hostile paths")).path) > 4000
    assert MAX_BYTES // 2 < len(body("long texts")) <= MAX_BYTES
    for name in ("long texts", "texts of the window"):
        assert parse_openai_request(body(name)).prompt


def test_requests_that_are_refused() -> None:
    assert MAX_BYTES // 2 < len(body("many cells")) <= MAX_BYTES
    for name in ("many cells", "refusals"):
        with pytest.raises(InvalidRequest):
            parse_request(body(name))


@pytest.mark.parametrize("name", ["gzip bombs", "bombs of values"])
def test_small_bodies_of_much(name: str) -> None:
    bomb = body(name)
    assert len(bomb) < MAX_COMPRESSED_BYTES
    with pytest.raises(BodyTooLarge):
        decode(bomb)


@web.stream_request_body
class Refusing(web.RequestHandler):
    """Refuses what has the token of the attack."""

    def prepare(self) -> None:
        known = self.request.headers["Authorization"] == "token known"
        self.set_status(429 if known else 401)
        self.finish("no")

    def data_received(self, chunk: bytes) -> None:
        """Drop a part of a body."""


@pytest.mark.parametrize("name", list(ATTACKS))
def test_an_attack_counts_the_answers_until_it_is_ended(name: str) -> None:
    async def attack() -> tuple[str, str]:
        async with served(web.Application([(".*", Refusing)], log_function=lambda _: None)) as url:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.hub.attacks"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            given = {"url": f"{url}/services/safecoder", "token": "known", "attack": name}
            process.stdin.write(json.dumps(given).encode() + b"\n")
            ready = (await process.stdout.readline()).decode()
            await asyncio.sleep(1)
            process.stdin.close()
            statuses = (await process.stdout.read()).decode()
            await process.wait()
            return ready, statuses

    ready, statuses = asyncio.run(attack())
    assert ready == "ready\n"
    kinds = {"clients that do not read": "not read", "connections without a token": "opened"}
    expected = kinds.get(name, "401" if name == "unknown tokens" else "429")
    assert json.loads(statuses)[expected] > 0


def test_a_target_that_does_not_listen_is_counted() -> None:
    target = Target("http://127.0.0.1:1", "x")
    asyncio.run(target.send("GET", "status", b""))
    assert target.statuses == {"closed": 1}
