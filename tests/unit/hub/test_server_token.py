"""The token that a server sends to the service opens nothing else."""

from __future__ import annotations

import pytest

from jupyter_safecoder.hub.constants import COMPLETE, TRAIN, access_scope
from jupyter_safecoder.hub.server_token import server_token
from tests.support.spawners import FakeSpawner

ACCESS = access_scope("safecoder")


@pytest.mark.parametrize("scopes", [[COMPLETE], [COMPLETE, TRAIN]])
def test_it_has_the_scopes_of_its_user_and_no_other(scopes: list[str]) -> None:
    assert server_token(FakeSpawner(scopes)).partition(": ")[2].split() == [ACCESS, *scopes]


def test_who_has_no_access_gets_none() -> None:
    assert server_token(FakeSpawner([])) == ""


def test_tokens_of_earlier_starts_are_deleted() -> None:
    """Those of this start are not: JupyterHub may read the environment more than once."""
    spawner = FakeSpawner([COMPLETE])
    server_token(spawner)
    assert spawner.user.deleted == ["old"]
