"""The network that a runtime needs by its settings."""

from __future__ import annotations

import pytest

from jupyter_safecoder.privacy.network import needs_network, runtime_addresses
from jupyter_safecoder.settings import RuntimeSettings

REMOTE = "https://u:p@llm.example/v1"


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        (RuntimeSettings(), False),
        (RuntimeSettings(engine="openvino"), False),
        (RuntimeSettings(engine="measured"), False),
        (RuntimeSettings(engine="of-another-package"), True),
        (RuntimeSettings(allow_downloads=True), True),
        (RuntimeSettings(allowed_hosts=("a.example",)), True),
        (RuntimeSettings(remote_url=REMOTE), True),
        (RuntimeSettings(remote_url=REMOTE, engine="openvino"), False),
        (RuntimeSettings(engine="remote", remote_url=REMOTE), True),
    ],
)
def test_which_settings_need_a_network(settings: RuntimeSettings, needs: bool) -> None:
    assert needs_network(settings) is needs


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (RuntimeSettings(), []),
        (RuntimeSettings(remote_url=REMOTE, remote_proxy="none"), ["llm.example:443"]),
        (RuntimeSettings(remote_url=REMOTE, engine="openvino"), []),
        (
            RuntimeSettings(remote_url=REMOTE, remote_proxy="http://u:p@out:3128"),
            ["llm.example:443", "out:3128"],
        ),
        (
            RuntimeSettings(remote_url=REMOTE, remote_proxy="socks5://out"),
            ["llm.example:443"],
        ),
        (
            RuntimeSettings(allowed_hosts=("a.example", "b.example:1", "")),
            ["a.example", "b.example:1"],
        ),
    ],
)
def test_the_addresses_that_settings_name(settings: RuntimeSettings, expected: list[str]) -> None:
    assert [str(address) for address in runtime_addresses(settings)] == expected
