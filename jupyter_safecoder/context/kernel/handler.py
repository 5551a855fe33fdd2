"""Answers requests for names on a kernel's control channel. Its text runs in the kernel.

The control channel has a thread of its own, so that a request waits for no cell and no cell waits
for it. The names are described in a further thread: whatever happens there, the control channel,
which also interrupts and debugs the kernel, goes on after ``MAX_WAIT_S``.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from typing import Any

REQUEST, REPLY = "safecoder_names_request", "safecoder_names_reply"
#: Time that the control channel waits for a description; twice what it may take.
MAX_WAIT_S = 0.1


def install(kernel: Any, describe_names: Callable[..., Any], describe_table: Any) -> None:
    """Add the handler of requests for names to an ipykernel.

    Parameters
    ----------
    kernel
        The kernel. Nothing else of the process is changed.
    describe_names, describe_table
        The functions of ``probe`` and ``tables``.
    """
    running = allocate_lock()

    def answer(stream: Any, ident: Any, parent: Any) -> None:
        asked = parent["content"]
        found: dict[str, Any] = {"names": [], "members": {}}

        def work() -> None:
            try:
                describe_names(
                    kernel.shell.user_ns, asked["names"], asked["members"], describe_table, found
                )
            finally:
                running.release()

        if running.acquire(False):
            start_new_thread(work, ())
            if running.acquire(True, MAX_WAIT_S):
                running.release()
        known = {"names": list(found["names"]), "members": dict(found["members"])}
        kernel.session.send(stream, REPLY, {"status": "ok", **known}, parent, ident=ident)

    kernel.control_handlers[REQUEST] = answer
