"""A stand-in for JupyterHub's spawner of a server, for what reads its user's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from jupyter_safecoder.hub.constants import SERVICE, access_scope


@dataclass
class FakeToken:
    """A token of JupyterHub's database, which has times without a zone."""

    name: str
    note: str
    age: timedelta

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.now(timezone.utc).replace(tzinfo=None) - self.age


@dataclass
class FakeUser:
    """A user who has some scopes and tokens; it is its own database."""

    scopes: Sequence[str]
    api_tokens: list[FakeToken]
    deleted: list[str] = field(default_factory=list)

    @property
    def db(self) -> FakeUser:
        """The session."""
        return self

    def delete(self, token: FakeToken) -> None:
        """Delete a token."""
        self.deleted.append(token.name)

    def commit(self) -> None:
        """Commit what was deleted."""

    def new_api_token(self, note: str, scopes: Sequence[str]) -> str:
        """Return a token that names its scopes; ``ValueError`` for those the user lacks."""
        if missing := {*scopes} - {*self.scopes}:
            raise ValueError(f"Not assigning requested scopes {missing}")
        return f"{note}: {' '.join(scopes)}"


class FakeSpawner:
    """A spawner of a server named ``gpu``, whose user has custom scopes and earlier tokens."""

    name = "gpu"

    def __init__(self, scopes: Sequence[str]) -> None:
        note, hour = "SafeCoder, for the server 'gpu'", timedelta(hours=1)
        tokens = [
            FakeToken("old", note, hour),
            FakeToken("of this start", note, timedelta(seconds=5)),
            FakeToken("of another server", "SafeCoder, for the server ''", hour),
            FakeToken("of the user", "mine", hour),
        ]
        access = [access_scope(SERVICE)] if scopes else []
        self.user = FakeUser([*access, *scopes], tokens)
