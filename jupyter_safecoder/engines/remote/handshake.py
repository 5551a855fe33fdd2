"""What a completion server is asked before its first use: model, dialect, tokenizer."""

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
from .stream import DIALECT_FIELDS, Dialect, dialect_of, first_choice

#: Seconds for each question: a server that has just started compiles at its first completion.
_ASK_S = 30.0
#: What servers answer to fields or a prompt that they do not know; llama-cpp-python with 500.
_MISUNDERSTOOD = (400, 422, 500)
#: Names of models that a message lists.
_LISTED = 10
#: What distinguishes vocabularies: code, indents, digits, other scripts, split characters.
_PROBES = (
    "def fit(model, rows):\n    for x, y in rows:\n        model.update(x, y)\n\n\n",
    "import numpy as np\nx = np.zeros((1024, 768))  # 3.14159e-05\n",
    "\tif a != b && c <= d {\r\n\t\treturn `${e}` ?? {}\r\n\t}\n",
    "naïve Größe — “日本語” Привет 🙂👩‍💻\u00a0\u200b end  \n",
)


@dataclass(frozen=True)
class ServerCapabilities:
    """How a server is spoken with: its name for the model, its dialect, its context window.

    ``checked`` says whether its tokenizer could be compared with ours.
    """

    model: str
    dialect: Dialect
    window: int
    checked: bool


async def negotiate(
    access: RemoteClient, wanted: str, model: ModelDescription, tokenizer: FileTokenizer
) -> ServerCapabilities:
    """Ask the server, and return the terms.

    Parameters
    ----------
    access
        The way to the server.
    wanted
        Its name for the model; empty: the only one that it has.
    model, tokenizer
        What its model must be.

    Raises
    ------
    EngineError
        If the server is not there, has not the model, takes no token ids, or has another tokenizer.
    """
    name, window = await _find_model(access, wanted, model)
    prompt = tokenizer.encode(_PROBES[0])
    dialect = await _find_dialect(access, name, prompt)
    if dialect != "token_ids" and not _joins(tokenizer):
        raise EngineError(
            f"The server {access.host} gives text instead of token ids, and the tokenizer of "
            f"{model.name} cannot encode it piece by piece.",
            "Serve the model with vLLM 0.10 or newer, which gives token ids.",
        )
    checked = await _check_tokenizer(access, name, model, tokenizer)
    return ServerCapabilities(name, dialect, window, checked)


async def _find_model(
    access: RemoteClient, wanted: str, model: ModelDescription
) -> tuple[str, int]:
    answer = await access.ask("/v1/models", within_s=_ASK_S)
    entries = answer.get("data")
    if not isinstance(entries, list):
        raise access.garbage("no list of models")
    served = {e["id"]: e for e in entries if isinstance(e, dict) and isinstance(e.get("id"), str)}
    names = ", ".join(repr(name[:100]) for name in itertools.islice(served, _LISTED)) or "none"
    if wanted and wanted not in served:
        raise EngineError(
            f"The server {access.host} has no model named {wanted!r}; it has: {names}.",
            "Set c.SafeCoder.remote_model to one of these, or start the server with that model.",
        )
    if not wanted and len(served) != 1:
        raise EngineError(
            f"The server {access.host} does not have one model, but: {names}.",
            "Set c.SafeCoder.remote_model to the one to use.",
        )
    name = wanted or next(iter(served))
    meta = served[name].get("meta")
    windows = (
        served[name].get("max_model_len"),  # vLLM
        meta.get("n_ctx") if isinstance(meta, Mapping) else None,  # llama.cpp
    )
    return name, min([model.context_window, *(w for w in windows if type(w) is int and w > 0)])


async def _find_dialect(access: RemoteClient, name: str, prompt: list[int]) -> Dialect:
    for dialect in DIALECT_FIELDS:
        try:
            choice = await _complete(access, name, prompt, dialect)
        except RemoteServerError as refused:
            if refused.status not in _MISUNDERSTOOD:
                raise
            continue
        if dialect in (dialect_of(choice), "text"):
            return dialect
    # If it refuses text as well, something else is wrong, and that is what is told.
    await _complete(access, name, "x", "text")
    raise EngineError(
        f"The server {access.host} takes no token ids as a prompt; sent as text, what people type "
        "could become FIM tokens.",
        "Serve the model with vLLM or llama.cpp's llama-server.",
    )


async def _complete(
    access: RemoteClient, name: str, prompt: list[int] | str, dialect: Dialect
) -> dict[str, Any]:
    body = {
        "model": name,
        "prompt": prompt,
        "max_tokens": 1,
        "temperature": 0,
        **DIALECT_FIELDS[dialect],
    }
    try:
        return first_choice(await access.ask("/v1/completions", body, within_s=_ASK_S))
    except MalformedResponse as garbage:
        raise access.garbage(str(garbage)) from None


async def _check_tokenizer(
    access: RemoteClient, name: str, model: ModelDescription, tokenizer: FileTokenizer
) -> bool:
    family = FAMILIES[model.family]
    special = [*family.fim, *(name for name in family.stop_tokens if tokenizer.has(name))]
    probes = [(text, tokenizer.encode(text)) for text in _PROBES]
    probes += [(token, [tokenizer.token_id(token)]) for token in special]
    for text, ids in probes:
        theirs = await _text_of(access, name, ids)
        if theirs is None:
            return False
        if theirs != text:
            what = text if text in special else "probe text"
            raise EngineError(
                f"The server {access.host} has another tokenizer than {model.name}: "
                f"the ids of {what!r} mean other text there.",
                "Let c.SafeCoder.model name the checkpoint that the server has, or start the "
                "server with this one.",
            )
    return True


async def _text_of(access: RemoteClient, name: str, ids: list[int]) -> str | None:
    """Return what ids mean to the server; ``None`` if it has no way to tell."""
    try:
        answer = await access.ask("/detokenize", {"model": name, "tokens": ids}, within_s=_ASK_S)
    except RemoteServerError as refused:
        # A gateway may let nothing through but /v1.
        if refused.status in (401, 403, 404, 405, 501):
            return None
        raise
    text = answer.get("prompt", answer.get("content"))  # vLLM, llama.cpp
    return text if isinstance(text, str) else None


def _joins(tokenizer: FileTokenizer) -> bool:
    """Say whether text that is encoded piece by piece decodes to the same text."""
    for text in _PROBES:
        ids = [token for character in text for token in tokenizer.encode(character)]
        if tokenizer.decode(ids) != text:
            return False
    return True
