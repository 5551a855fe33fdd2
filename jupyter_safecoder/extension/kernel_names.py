"""Asks kernels what their names are, without counting as an execution or as activity."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from jupyter_safecoder.context.kernel.handler import REPLY, REQUEST
from jupyter_safecoder.context.kernel.source import install_expression

log = logging.getLogger(__name__)

#: Seconds to wait for an answer on the control channel, and for the handler to be added.
_ANSWER_S, _INSTALL_S = 1.0, 5.0
#: A larger answer is not of our handler, which the code of a notebook may have replaced.
_MAX_ANSWER_BYTES = 400_000
#: The implementation that a kernel of ipykernel names; a kernel that derives from it, such as
#: sparkmagic's, names its own, and could start a cluster at our request.
_IMPLEMENTATION = "ipython"


@dataclass
class _Process:
    """What is known of the process of a kernel, which a restart replaces."""

    session: str = ""
    answers: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KernelNames:
    """Asks the kernels of a Jupyter server, but not those of a Gateway, which records activity.

    Parameters
    ----------
    manager
        The server's kernel manager.

    Notes
    -----
    A kernel gets a handler for messages of a type of our own, once in the life of its process, by a
    silent execution without code while it is idle. Later requests go to the control channel.
    ``docs/explanation/kernel-names.md`` has the reasons.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._processes: WeakKeyDictionary[Any, _Process] = WeakKeyDictionary()
        # The server and JupyterLab then take these requests for what they are: no activity.
        untracked = getattr(manager, "untracked_message_types", None)
        if untracked is not None and REQUEST not in untracked:
            manager.untracked_message_types = [*untracked, REQUEST, REPLY]

    async def ask(
        self, kernel_id: str, names: list[str], members_of: list[str]
    ) -> dict[str, Any] | None:
        """Return what a kernel knows of names.

        Parameters
        ----------
        kernel_id
            The kernel.
        names
            The names to describe.
        members_of
            Modules and classes whose members are wanted.

        Returns
        -------
        dict | None
            The content of the kernel's answer, unchecked; ``None`` if the kernel is busy, dead,
            restarting, or none of ipykernel.
        """
        if kernel_id not in self._manager:
            return None
        kernel = self._manager.get_kernel(kernel_id)
        process = self._processes.setdefault(kernel, _Process())
        async with process.lock:
            if not self._may_ask(kernel):
                return None
            info = await _request(kernel, "control", "kernel_info_request", {}, _ANSWER_S)
            if info is None or not _is_ipykernel(info["content"]):
                return None
            session = info["header"]["session"]
            if process.session != session:
                answers = await _install(kernel)
                if answers is None:
                    return None
                process.session, process.answers = session, answers
            if not process.answers or kernel.execution_state != "idle":
                return None
            content = {"names": names, "members": members_of}
            reply = await _request(kernel, "control", REQUEST, content, _ANSWER_S)
            return None if reply is None else reply["content"]

    def _may_ask(self, kernel: Any) -> bool:
        """Return whether the kernel is an idle one of Python that takes our messages."""
        allowed = self._manager.allowed_message_types
        spec = getattr(kernel, "kernel_spec", None)
        return (
            _recorder(kernel) is not None
            and getattr(spec, "language", "").lower() == "python"
            and getattr(kernel, "execution_state", "") == "idle"
            and (not allowed or {REQUEST, "execute_request"} <= set(allowed))
        )


def _recorder(kernel: Any) -> Callable[[list[bytes]], None] | None:
    """Return what records the activity of a kernel; ``None`` if this server does not."""
    recorder: Callable[[list[bytes]], None] | None = getattr(
        getattr(kernel, "_activity_stream", None), "_recv_callback", None
    )
    return recorder


def _is_ipykernel(info: dict[str, Any]) -> bool:
    language = info.get("language_info", {}).get("name")
    return info.get("implementation") == _IMPLEMENTATION and language == "python"


async def _install(kernel: Any) -> bool | None:
    """Add our handler to a kernel; return whether it answers, ``None`` if it is not known yet."""
    content = {
        "code": "",
        "silent": True,
        "store_history": False,
        "user_expressions": {"safecoder": install_expression()},
        "allow_stdin": False,
        "stop_on_error": False,
    }
    reply = await _request(
        kernel, "shell", "execute_request", content, _INSTALL_S, lambda i: _pass_over(kernel, i)
    )
    if reply is None:
        return None
    results = reply["content"].get("user_expressions", {})
    return bool(results.get("safecoder", {}).get("status") == "ok")


def _session(kernel: Any) -> Any:
    """Return a session of our own with a kernel; that of the server is another one."""
    session = kernel.session
    return type(session)(config=session.config, key=session.key)


async def _request(
    kernel: Any,
    channel: str,
    kind: str,
    content: dict[str, Any],
    seconds: float,
    on_id: Callable[[str], None] = lambda _: None,
) -> dict[str, Any] | None:
    """Send a request on a connection of its own, and return the reply, or ``None`` without one."""
    session = _session(kernel)
    reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    stream = getattr(kernel, f"connect_{channel}")()
    message = session.msg(kind, content)

    def on_recv(parts: list[bytes]) -> None:
        if sum(map(len, parts)) > _MAX_ANSWER_BYTES:
            log.warning("A kernel's answer was too large, and was dropped.")
            return
        received = session.deserialize(session.feed_identities(parts)[1])
        if received["parent_header"].get("msg_id") == message["msg_id"] and not reply.done():
            reply.set_result(received)

    stream.on_recv(on_recv)
    on_id(message["msg_id"])
    session.send(stream, message)
    try:
        return await asyncio.wait_for(reply, seconds)
    except asyncio.TimeoutError:
        return None
    finally:
        stream.close(linger=0)


def _pass_over(kernel: Any, message_id: str) -> None:
    """Keep the messages that a request causes from the server's record of a kernel's activity.

    The record is the callback of a stream, which has no other place for an exception. It is put
    back with the last message of the request.
    """
    stream, record = kernel._activity_stream, _recorder(kernel)
    assert record is not None
    session = _session(kernel)

    def on_recv(parts: list[bytes]) -> None:
        _, (_, _, parent, _, content, *_) = session.feed_identities(parts)
        if session.unpack(parent).get("msg_id") != message_id:
            record(parts)
        elif session.unpack(content).get("execution_state") == "idle":
            stream.on_recv(record)

    stream.on_recv(on_recv)
