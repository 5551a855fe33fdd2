"""Negotiates with a completion server before its first use: model, dialect, tokenizer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.errors import EngineError, MalformedResponse, RemoteServerError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES

from .client import RemoteClient
from .stream import DIALECT_FIELDS, Dialect, detect_dialect, first_choice

#: Seconds for each request: a server that has just started compiles at its first completion.
_REQUEST_TIMEOUT_S = 30.0
#: Statuses for fields or a prompt that a server does not know; llama-cpp-python returns 500.
_UNSUPPORTED_STATUSES = (400, 422, 500)
#: Statuses of a server, or a gateway in front of it, without ``/detokenize``.
_NO_ENDPOINT_STATUSES = (401, 403, 404, 405, 501)
#: Fields with the context window: of vLLM and SGLang, of llama.cpp (of a slot, where a server has
#: several), of TGI.
_WINDOW_FIELDS = ("max_model_len", "n_ctx", "max_total_tokens")
#: Where a server that lists no ``max_model_len`` reports it: llama-server and TGI.
_INFO_PATHS = ("/props", "/info")
_INFO_TIMEOUT_S = 5.0
#: Maximum number of model names in a message.
_MAX_LISTED = 10
#: Texts that distinguish vocabularies: code, indents, digits, other scripts, split characters.
_PROBES = (
    "def fit(model, rows):\n    for x, y in rows:\n        model.update(x, y)\n\n\n",
    "import numpy as np\nx = np.zeros((1024, 768))  # 3.14159e-05\n",
    "\tif a != b && c <= d {\r\n\t\treturn `${e}` ?? {}\r\n\t}\n",
    "naïve Größe — “日本語” Привет 🙂👩‍💻\u00a0\u200b end  \n",
)


@dataclass(frozen=True)
class ServerCapabilities:
    """What was negotiated with a server.

    Parameters
    ----------
    model
        The server's name for the model.
    dialect
        The form in which it reports tokens.
    fields
        Fields of a request that make it report them so.
    window
        Its context window in tokens, at most that of the model.
    tokenizer_checked
        Whether its tokenizer could be compared with ours.
    """

    model: str
    dialect: Dialect
    fields: Mapping[str, Any]
    window: int
    tokenizer_checked: bool


async def negotiate(
    client: RemoteClient, model_name: str, model: ModelDescription, tokenizer: FileTokenizer
) -> ServerCapabilities:
    """Find out how to use a server.

    Parameters
    ----------
    client
        Sends the requests.
    model_name
        The server's name for the model; empty: the only one that it has.
    model, tokenizer
        What the server's model must be.

    Raises
    ------
    EngineError
        If the server cannot be reached, does not have the model, takes no token ids, or has another
        tokenizer.
    """
    name, window = await _find_model(client, model_name, model)
    prompt = tokenizer.encode(_PROBES[0])
    dialect, fields = await _find_dialect(client, name, prompt)
    if dialect != "token_ids" and not _encodes_characters(tokenizer):
        raise EngineError(
            f"The server {client.host} returns text instead of token ids, and the tokenizer of "
            f"{model.name} cannot encode text in parts.",
            "Serve the model with vLLM 0.10 or newer, which returns token ids.",
        )
    checked = await _check_tokenizer(client, name, model, tokenizer)
    return ServerCapabilities(name, dialect, fields, window, checked)


async def _find_model(
    client: RemoteClient, model_name: str, model: ModelDescription
) -> tuple[str, int]:
    """Return the server's name for the model, and its context window."""
    response = await client.request_json("/v1/models", timeout_s=_REQUEST_TIMEOUT_S)
    entries = response.get("data")
    if not isinstance(entries, list):
        raise client.malformed_error("no list of models")
    served = {e["id"]: e for e in entries if isinstance(e, dict) and isinstance(e.get("id"), str)}
    names = ", ".join(repr(name[:100]) for name in itertools.islice(served, _MAX_LISTED)) or "none"
    if model_name and model_name not in served:
        raise EngineError(
            f"The server {client.host} has no model named {model_name!r}; it has: {names}.",
            "Set c.SafeCoder.remote_model to one of these, or start the server with that model.",
        )
    if not model_name and len(served) != 1:
        raise EngineError(
            f"The server {client.host} does not have exactly one model; it has: {names}.",
            "Set c.SafeCoder.remote_model to the one to use.",
        )
    name = model_name or next(iter(served))
    windows = [
        value for fields in (served[name], served[name].get("meta")) for value in _windows(fields)
    ]
    if type(served[name].get("max_model_len")) is not int:
        for path in _INFO_PATHS:
            info = await _server_info(client, path)
            windows += [*_windows(info), *_windows(info.get("default_generation_settings"))]
    return name, min([model.context_window, *windows])


def _windows(fields: object) -> list[int]:
    """Return the context windows that a server reports, in tokens."""
    found = [fields.get(name) for name in _WINDOW_FIELDS] if isinstance(fields, Mapping) else []
    return [value for value in found if type(value) is int and value > 0]


async def _server_info(client: RemoteClient, path: str) -> Mapping[str, Any]:
    """Return what a server reports of itself at a path; empty where it has no such path."""
    try:
        return await client.request_json(path, timeout_s=_INFO_TIMEOUT_S)
    except EngineError:
        return {}


async def _find_dialect(
    client: RemoteClient, name: str, prompt: list[int]
) -> tuple[Dialect, Mapping[str, Any]]:
    for dialect, fields in DIALECT_FIELDS:
        try:
            choice = await _complete(client, name, prompt, fields)
        except RemoteServerError as error:
            if error.status not in _UNSUPPORTED_STATUSES:
                raise
            continue
        if dialect in (detect_dialect(choice), "text"):
            return dialect, fields
    # If the server refuses text as well, token ids are not the reason: report its error.
    await _complete(client, name, "x", {})
    raise EngineError(
        f"The server {client.host} takes no token ids as a prompt. In a prompt sent as text, the "
        "user's text could become FIM tokens.",
        "Serve the model with vLLM or llama.cpp's llama-server.",
    )


async def _complete(
    client: RemoteClient, name: str, prompt: list[int] | str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Request one token, and return the choice of the response."""
    body = {
        "model": name,
        "prompt": prompt,
        "max_tokens": 1,
        "temperature": 0,
        **fields,
    }
    try:
        return first_choice(
            await client.request_json("/v1/completions", body, timeout_s=_REQUEST_TIMEOUT_S)
        )
    except MalformedResponse as error:
        raise client.malformed_error(str(error)) from None


async def _check_tokenizer(
    client: RemoteClient, name: str, model: ModelDescription, tokenizer: FileTokenizer
) -> bool:
    """Compare the server's tokenizer with ours; return whether the server can be asked."""
    family = FAMILIES[model.family]
    special = [*family.fim, *(name for name in family.stop_tokens if tokenizer.has(name))]
    probes = [(text, tokenizer.encode(text)) for text in _PROBES]
    probes += [(token, [tokenizer.token_id(token)]) for token in special]
    for text, ids in probes:
        detokenized = await _detokenize(client, name, ids)
        if detokenized is None:
            return False
        if detokenized != text:
            what = text if text in special else "probe text"
            raise EngineError(
                f"The server {client.host} has another tokenizer than {model.name}: "
                f"the ids of {what!r} are other text there.",
                "Set c.SafeCoder.model to the checkpoint that the server has, or start the server "
                "with this one.",
            )
    return True


async def _detokenize(client: RemoteClient, name: str, ids: list[int]) -> str | None:
    """Return the text that ids are for the server; ``None`` if it has no endpoint for that."""
    try:
        response = await client.request_json(
            "/detokenize", {"model": name, "tokens": ids}, timeout_s=_REQUEST_TIMEOUT_S
        )
    except RemoteServerError as error:
        if error.status in _NO_ENDPOINT_STATUSES:
            return None
        raise
    text = response.get("prompt", response.get("content"))  # vLLM, llama.cpp
    return text if isinstance(text, str) else None


def _encodes_characters(tokenizer: FileTokenizer) -> bool:
    """Return whether text that is encoded character by character decodes to the same text."""
    for text in _PROBES:
        ids = [token for character in text for token in tokenizer.encode(character)]
        if tokenizer.decode(ids) != text:
            return False
    return True
