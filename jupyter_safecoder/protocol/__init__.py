"""The protocol of the lab extension, the server extension, the command line and the runtime.

``protocol.schema.json`` beside this package defines it; the classes here mirror it, and tests
compare both. Bodies are JSON. The response to a completion request is NDJSON, one event a line,
whose last line is a :class:`Done` or an :class:`Error`.
"""

from .attribution import Attribution, LicenseAction, LicenseRules
from .events import (
    Done,
    Error,
    Event,
    Queued,
    Text,
    decode_event,
    encode_event,
)
from .exclusion import Exclusion
from .headers import PROMPT_TOKENS_HEADER, TOKEN_HEADER, USER_HEADER
from .inspection import Inspection, PromptSection, PromptSource
from .json_schema import PROTOCOL_VERSION, schema
from .models import ListedModel, Models
from .request import (
    BACKGROUND_TRIGGERS,
    SOURCES,
    Cell,
    CellType,
    Column,
    CompletionOptions,
    CompletionRequest,
    Excerpt,
    KernelName,
    Suggestions,
    Trigger,
    parse_request,
)
from .status import Counters, ModelInfo, Network, State, Status, parse_status

__all__ = [
    "BACKGROUND_TRIGGERS",
    "PROMPT_TOKENS_HEADER",
    "PROTOCOL_VERSION",
    "SOURCES",
    "TOKEN_HEADER",
    "USER_HEADER",
    "Attribution",
    "Cell",
    "CellType",
    "Column",
    "CompletionOptions",
    "CompletionRequest",
    "Counters",
    "Done",
    "Error",
    "Event",
    "Excerpt",
    "Exclusion",
    "Inspection",
    "KernelName",
    "LicenseAction",
    "LicenseRules",
    "ListedModel",
    "ModelInfo",
    "Models",
    "Network",
    "PromptSection",
    "PromptSource",
    "Queued",
    "State",
    "Status",
    "Suggestions",
    "Text",
    "Trigger",
    "decode_event",
    "encode_event",
    "parse_request",
    "parse_status",
    "schema",
]
