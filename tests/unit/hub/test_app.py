"""The whole service in this process: it starts, serves, and stops by a signal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import httpx
import pytest
from tornado.testing import bind_unused_port

from jupyter_safecoder.errors import DatabaseError
from jupyter_safecoder.hub.accounting.audit_verification import verify
from jupyter_safecoder.hub.app import ServiceOptions, serve
from jupyter_safecoder.hub.constants import ADMIN, METRICS
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.hub_api import ACCESS, hub_api, user_model

OWNERS = {
    "ada": user_model("ada", ["vision"]),
    "dana": user_model("dana", [], ACCESS, ADMIN),
    "prometheus": user_model("prometheus", [], ACCESS, METRICS, kind="service"),
}
OLD_LOG = Path(__file__).parent / "accounting/data/audit-0.1.jsonl"


def options(directory: Path, **changes: object) -> ServiceOptions:
    (directory / "policy.toml").write_text("[groups.vision]\n")
    settings = RuntimeSettings(cache_dir=str(directory / "cache"))
    values = {"policy": directory / "policy.toml", "state": directory / "state", **changes}
    return ServiceOptions(settings, **values)  # type: ignore[arg-type]


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"token {name}"}


def test_a_service_serves_until_a_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over the state directory of version 0.1: its log is shown and continued."""
    audit = tmp_path / "state/audit"
    audit.mkdir(parents=True)
    shutil.copy(OLD_LOG, audit / "audit-000001.jsonl")
    listener, port = bind_unused_port()
    listener.close()

    async def test() -> None:
        async with hub_api(monkeypatch, OWNERS):
            url = f"http://127.0.0.1:{port}/services/safecoder/"
            monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{port}")
            events = tmp_path / "events.jsonl"
            serving = asyncio.ensure_future(serve(options(tmp_path, events=events)))
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                for _ in range(100):
                    try:
                        assert (await client.get("health")).json()["ok"]
                        break
                    except httpx.ConnectError:
                        await asyncio.sleep(0.05)
                status = (await client.get("status", headers=token("ada"))).json()
                assert status["state"] == "off"
                assert (await client.get("", headers=token("dana"))).status_code == 200
                assert (await client.get("metrics", headers=token("dana"))).status_code == 403
                metrics = await client.get("metrics", headers=token("prometheus"))
                assert "safecoder_policy_ok 1.0" in metrics.text
                response = await client.post("drain", headers=token("dana"))
                assert response.status_code == 303
            os.kill(os.getpid(), signal.SIGTERM)
            assert await asyncio.wait_for(serving, 10) == 0
            assert '"action": "drain"' in events.read_text()

    asyncio.run(test())
    assert (verify(audit).error, verify(audit).lines) == ("", 7)


def test_a_service_stops_with_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener, port = bind_unused_port()
    listener.close()
    monkeypatch.setattr("jupyter_safecoder.hub.app._PARENT_POLL_S", 0.05)

    async def test() -> None:
        async with hub_api(monkeypatch, OWNERS):
            monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{port}")
            serving = asyncio.ensure_future(serve(options(tmp_path, end_with_parent=True)))
            await asyncio.sleep(0.5)
            assert not serving.done()
            monkeypatch.setattr(os, "getppid", lambda: 1)
            assert await asyncio.wait_for(serving, 10) == 0

    asyncio.run(test())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"database": "mysql://u:p@h/d"}, DatabaseError),
        ({"certificate": Path("/none.pem")}, OSError),
    ],
)
def test_what_keeps_a_service_from_starting(
    tmp_path: Path, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        asyncio.run(serve(options(tmp_path, **changes)))
