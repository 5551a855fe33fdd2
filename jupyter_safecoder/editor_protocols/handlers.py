"""What the request handlers of the runtime and of the Hub's service for other editors share."""

from __future__ import annotations

from typing import Any

from tornado import web

from jupyter_safecoder.openai_protocol import OpenAIErrors

from .protocol import EditorProtocol


class EditorProtocolHandler(OpenAIErrors, web.RequestHandler):
    """To be mixed into handlers of completions in the protocol of another editor."""

    def initialize(self, *, protocol: EditorProtocol, **arguments: Any) -> None:
        """Store the application's arguments.

        Parameters
        ----------
        protocol
            The form of requests and responses.
        **arguments
            As for every handler of the application.
        """
        super().initialize(**arguments)
        self.protocol = protocol
