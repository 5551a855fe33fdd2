"""The pages of JSON Schemas: protocol and events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jupyter_safecoder import extension
from jupyter_safecoder.hub import accounting
from jupyter_safecoder.protocol import schema

from .markdown import code, table

_HUB_SCHEMAS = Path(accounting.__file__).parent / "event_schemas"
_SERVER_SCHEMAS = Path(extension.__file__).parent / "event_schemas"


def protocol_page() -> str:
    """Return the page of the protocol's JSON Schema."""
    whole = schema()
    parts = [
        "# Protocol",
        f"{whole['description']} The schema itself: `jupyter_safecoder/protocol.schema.json`.",
        "Endpoints of the server extension, below `jupyter-safecoder/`:",
        table(
            ["endpoint", "meaning"],
            [
                [
                    "`POST completions`",
                    "a `CompletionRequest`; the response is NDJSON, an event a line",
                ],
                [
                    "`POST context`",
                    "what the project of a notebook adds to its prompts: `{version, path, cells, "
                    "current, open, modules, files}` with the code cells above, the current cell, "
                    "paths of other open documents, and which of the two is wanted; the response "
                    "is `{version, modules, files}`, lists of `Excerpt`",
                ],
                ["`GET status`", "a `Status`; starts nothing"],
                ["`POST start`", "starts the runtime, or restarts a failed one; a `Status`"],
                ["`POST forget`", "drops cached texts: a document was closed; a `Status`"],
                ["`GET models`", "`Models`: what can be served"],
                [
                    "`POST model`",
                    'serves another model: `{"model": NAME}`; a `Status` once it is in use',
                ],
                [
                    "`POST kernels/ID/names`",
                    'what a kernel knows: `{"names": [NAME], "members": [MODULE]}`; the response '
                    "has `names`, each a `KernelName`, or null if the kernel is not asked, and "
                    "`members`, the names in each module; `complete` is false if there was no "
                    "time for all",
                ],
                ["`POST restart`", "restarts the runtime; a `Status`"],
                ["`GET about`", "`About`: what is served and where text goes"],
                ["`GET privacy`", "`Places`: every place that data could go to"],
                ["`GET adapters`", "`Adapters` of the served model"],
                [
                    "`POST adapter`",
                    'serves another adapter: `{"adapter": NAME}`; a `Status` once it is in use',
                ],
                ["`GET jobs`", "`Jobs`: training jobs"],
                ["`GET suggestion-events`", "`EventSettings`: whether events are wanted"],
                ["`POST suggestion-events`", "`SuggestionEvents`, 60 requests a minute at most"],
                ["`GET v1/models`, `POST v1/completions`", "OpenAI's completion protocol"],
                ["`POST v1/fim/completions`", "Mistral's fill-in-the-middle"],
                [
                    "`POST infill`, `POST completion`, `GET health`, `GET props`",
                    "llama.cpp's server",
                ],
            ],
        ),
    ]
    for name, definition in whole["definitions"].items():
        if "properties" in definition:
            about = definition.get("description", "")
            parts.append(f"## {name}\n\n{about}\n\n{_fields(definition)}")
    return "\n\n".join(parts)


def events_page() -> str:
    """Return the page of the schemas of the Jupyter events."""
    parts = [
        "# Events",
        "Jupyter events are JSON objects, a line each: `__timestamp__`, `__schema__` (the "
        "identifier below), `__schema_version__`, `__metadata_version__`, and the fields of the "
        "schema. None of them has text of notebooks.",
        "## Events of the JupyterHub service",
        "`jupyter safecoder hub --events FILE` writes them. With pseudonyms in the policy, `user` "
        "is a pseudonym.",
        *_event_parts(_HUB_SCHEMAS),
        "## Events of a Jupyter server",
        "The handlers of `c.EventLogger.handlers` get them. By default there are none, and the "
        "pages of the server send nothing. Characters are UTF-16 code units.",
        *_event_parts(_SERVER_SCHEMAS),
    ]
    return "\n\n".join(parts)


def _event_parts(schemas: Path) -> list[str]:
    parts = []
    for path in sorted(schemas.glob("*/v*.yaml")):
        event = yaml.safe_load(path.read_text("utf-8"))
        parts += [
            f"### {event['title']}",
            f"{event['description']}\n\nSchema: `{event['$id']}`, version {event['version']}.",
            _fields(event),
        ]
    return parts


def _fields(definition: dict[str, Any]) -> str:
    required = set(definition.get("required", ()))
    rows = [
        [
            code(field),
            _json_type(about),
            "yes" if field in required else "",
            about.get("description", ""),
        ]
        for field, about in definition["properties"].items()
    ]
    return table(["field", "type", "required", "meaning"], rows)


def _json_type(about: dict[str, Any]) -> str:
    if "const" in about:
        return code(about["const"])
    if "enum" in about:
        return " · ".join(code(value) for value in about["enum"])
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "oneOf" in about:
        return " or ".join(_json_type(one) for one in about["oneOf"])
    kind = about.get("type", "")
    if kind == "array":
        return f"list of {_json_type(about['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
