"""Headers of the requests among the processes."""

from __future__ import annotations

#: Header with the token of the runtime's connection file.
TOKEN_HEADER = "X-SafeCoder-Token"  # noqa: S105
#: Header with the user for whom the server extension makes a request.
USER_HEADER = "X-SafeCoder-User"
#: Header with the number of prompt tokens of an OpenAI-compatible request.
PROMPT_TOKENS_HEADER = "X-SafeCoder-Prompt-Tokens"
