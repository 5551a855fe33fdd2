"""All exceptions of this package, each with a reason and a remedy that users read.

::

    SafeCoderError
    ├── InvalidInput              data from outside cannot be used
    │   ├── InvalidRequest        the body of a request cannot be used
    │   │   └── BodyTooLarge
    │   ├── InvalidArguments      arguments of a command cannot be used
    │   ├── InvalidPattern        a line of a .safecoderignore is not a pattern
    │   ├── UnreadableIgnoreFile  a .safecoderignore cannot be read
    │   └── NotebookError         a notebook, cursor or task file cannot be used
    ├── ModelError                a model cannot be found, described, verified or converted
    │   ├── DownloadError         a file cannot be had from a place, or is another one there
    │   └── LocksUnavailable      the file system has no locks; also a FinetuneError
    ├── EngineError               an engine cannot load or run a model
    │   ├── PromptTooLong         the prompt does not fit the engine's cache
    │   └── RemoteServerError     a completion server answered with an error status
    ├── MalformedResponse         a completion server answered something that is not a completion
    ├── FinetuneError             an adapter cannot be trained, stored, merged or used
    │   └── ServiceUnavailable    the Hub's service does not answer
    ├── UnusableFile              a file that cannot be part of a corpus
    ├── DamagedArchive            an archive cannot be read
    ├── MaliciousArchive          an archive is refused
    ├── UnusableIndex             an index of code cannot be read or written
    ├── UnusableCorpus            what an index is to be made of cannot be used
    ├── RuntimeRequestError       a runtime refused a request or did not respond
    ├── RuntimeUnavailable        there is no runtime
    ├── RuntimeNotReady           the runtime has no model loaded
    ├── ConnectionRefused         nothing listens at the address
    │   ├── UntrustedSocket       another account can have made the socket of the Hub's service
    │   └── UnusableAddress       the address or the certificates of the Hub's service are unusable
    ├── ConnectionLost            the connection closed before the response was complete
    │   └── RuntimeTimeout        the runtime did not finish a response in time
    ├── QueueFull                 the queue of waiting requests is full
    ├── Superseded                a newer request for the same document replaced this one
    ├── QueueTimeout              a request waited in the queue until its deadline
    ├── RequestDenied             a request is not allowed
    │   └── RateLimited
    ├── LimitReached              a user has used what the policy allows
    ├── UsageUnavailable          the usage database does not answer
    ├── PolicyError               a policy file is invalid
    ├── DatabaseError             the usage database cannot be used
    └── CheckFailed               a check of the installation failed
"""

from __future__ import annotations

from typing import ClassVar


class SafeCoderError(Exception):
    """An error that is shown to users and sent in responses.

    Parameters
    ----------
    reason
        One sentence: what is wrong. Never text of a notebook.
    remedy
        One sentence: what to do about it.
    retry_after_s
        Seconds after which the same request may succeed; ``None`` if waiting does not help.
    """

    #: Code of this error in the protocol.
    code: ClassVar[str] = "internal"

    def __init__(
        self, reason: str = "", remedy: str = "", *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.retry_after_s = retry_after_s


class InvalidInput(SafeCoderError, ValueError):
    """Data from outside cannot be used.

    Parameters
    ----------
    reason, remedy
        As for every error.
    path
        Names of tables and keys and indexes of lists that lead to the value; empty: the whole.
    rule
        What the value must be, such as ``must be 1 or more``; empty if no schema was checked.
    """

    code = "bad_request"

    def __init__(
        self, reason: str = "", remedy: str = "", *, path: tuple[str, ...] = (), rule: str = ""
    ) -> None:
        super().__init__(reason, remedy)
        self.path = path
        self.rule = rule


class InvalidRequest(InvalidInput):
    """The body of a request cannot be used."""


class BodyTooLarge(InvalidRequest):
    """The body is larger than the limit."""

    code = "too_large"


class InvalidArguments(InvalidInput):
    """The arguments of a command, or of ``%safecoder``, cannot be used."""


class InvalidPattern(InvalidInput):
    """A line of a ``.safecoderignore`` is not a pattern.

    Parameters
    ----------
    line
        The number of the line, counted from 1.
    reason
        What is wrong, as the end of a sentence.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class UnreadableIgnoreFile(InvalidInput):
    """A ``.safecoderignore`` cannot be read, or a line of it is not a pattern."""


class NotebookError(InvalidInput):
    """A notebook, a cursor in it, or a file of tasks cannot be used."""


class ModelError(SafeCoderError):
    """A model cannot be found, described, verified or converted."""

    code = "bad_request"


class DownloadError(ModelError):
    """A file cannot be had from a place, or is not the one that was announced."""


class EngineError(SafeCoderError):
    """An engine cannot load or run a model."""

    code = "engine_failed"


class PromptTooLong(EngineError):
    """The prompt does not fit the engine's cache."""


class RemoteServerError(EngineError):
    """A completion server answered with an HTTP status other than 200."""

    def __init__(self, status: int, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.status = status


class MalformedResponse(SafeCoderError):
    """A completion server's response is not a completion; the reason never quotes it."""

    code = "engine_failed"


class FinetuneError(SafeCoderError):
    """An adapter cannot be trained, stored, merged or used."""

    code = "bad_request"


class ServiceUnavailable(FinetuneError):
    """The Hub's service does not answer, or cannot at the moment."""

    code = "not_ready"


class LocksUnavailable(ModelError, FinetuneError):
    """The file system has no locks, so nothing is known about other processes."""


class UnusableFile(SafeCoderError, ValueError):
    """A file cannot be part of a corpus."""


class DamagedArchive(SafeCoderError):
    """An archive cannot be read; the reason is the name of the reader's error."""


class MaliciousArchive(SafeCoderError):
    """An archive is refused; the reason is the end of a sentence."""


class UnusableIndex(SafeCoderError):
    """An index of code cannot be read or written."""


class UnusableCorpus(SafeCoderError):
    """What an index of code is to be made of cannot be used."""


class RuntimeRequestError(SafeCoderError):
    """A runtime, or the Hub's service, refused a request or did not respond."""


class RuntimeUnavailable(SafeCoderError):
    """There is no runtime; the reason is that of its status."""

    code = "not_ready"

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason, remedy, retry_after_s=1.0)


class RuntimeNotReady(SafeCoderError):
    """The runtime has no model loaded, or is changing adapters already."""

    code = "not_ready"


class ConnectionRefused(SafeCoderError):
    """Nothing listens at the address."""

    code = "not_ready"


class UntrustedSocket(ConnectionRefused):
    """The socket of the Hub's service is absent, or another account can have made it."""


class UnusableAddress(ConnectionRefused):
    """The address of the Hub's service, or its certificate authorities, cannot be used."""


class ConnectionLost(SafeCoderError):
    """The connection closed before the response was complete."""

    code = "runtime_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The runtime stopped before the response was complete.",
            "It restarts automatically: keep typing.",
            retry_after_s=1.0,
        )


class RuntimeTimeout(ConnectionLost):
    """The runtime did not finish a response long after its deadline."""


class QueueFull(SafeCoderError):
    """The queue of waiting requests is full, for all users or for this one."""

    code = "queue_full"

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason, "Wait a moment.", retry_after_s=retry_after_s)
        self.retry_after_s: float = retry_after_s


class Superseded(SafeCoderError):
    """A newer request for the same document replaced this one."""


class QueueTimeout(SafeCoderError):
    """A request waited in the queue until its deadline."""


class RequestDenied(SafeCoderError):
    """A request is not allowed, by the runtime's token or by the Hub's service.

    Parameters
    ----------
    status
        HTTP status of the response.
    reason, remedy
        As for every error.
    kind
        The reason in the audit log: ``policy``, ``not granted``, ``limit``, …
    """

    _CODES: ClassVar[dict[int, str]] = {
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        429: "queue_full",
        503: "not_ready",
    }

    def __init__(
        self,
        status: int,
        reason: str,
        remedy: str,
        kind: str = "",
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, remedy, retry_after_s=retry_after_s)
        self.status = status
        self.kind = kind

    @property
    def code(self) -> str:  # type: ignore[override]
        """The protocol's code for the HTTP status."""
        return self._CODES.get(self.status, "internal")


class RateLimited(RequestDenied):
    """A user has to wait before the next request."""

    def __init__(self, reason: str, retry_after_s: float, kind: str) -> None:
        remedy = "Wait, or ask an administrator for a higher limit."
        super().__init__(429, reason, remedy, kind, retry_after_s=retry_after_s)


class LimitReached(SafeCoderError):
    """A user has used what the group's policy allows."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason, retry_after_s=retry_after_s)
        self.retry_after_s: float = retry_after_s


class UsageUnavailable(SafeCoderError):
    """The usage database does not answer, so limits cannot be checked."""


class PolicyError(SafeCoderError):
    """A policy file is invalid; the reason begins with the line where that is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)


class DatabaseError(SafeCoderError):
    """The usage database cannot be used."""


class CheckFailed(SafeCoderError):
    """A check of the installation failed."""


class JobStopped(Exception):
    """A user asked a fine-tuning job to stop: not an error, but the way out of what it does."""


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error message, at most 200 characters of it."""
    return str(error).strip().partition("\n")[0][:200]
