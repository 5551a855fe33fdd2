"""From documents to token ids to learn: the prompt is built by what builds it when serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.redaction.patterns import EMAIL, IP, KEY, PASSWORD
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.prompt import FAMILIES, Budget, FimFamily, Tokenizer, build_prompt
from jupyter_safecoder.protocol import CompletionRequest

from .fim_spans import cut_number, sample_fim_span

#: The share of samples in the layout that serving uses; the model's others share the rest.
_SERVED = 0.9
#: What a token's prediction counts: of the middle, of the text before the cursor, of the cells
#: above. The last two come at no price where the prompt ends with them, and teach the same idioms.
MIDDLE, PREFIX, CONTEXT = 1.0, 0.4, 0.4
#: Nobody's answer should be one of these.
_PLACEHOLDERS = (EMAIL, IP, KEY, PASSWORD)
_TRIES = 8


@dataclass(frozen=True)
class FimExample:
    """A cursor in a document, and what stands between it and the suffix."""

    request: CompletionRequest
    middle: str


@dataclass(frozen=True)
class Sample:
    """Token ids, and for each how much its prediction counts; ``weights[0]`` is 0."""

    ids: list[int]
    weights: list[float]


class SampleBuilder:
    """Builds samples as the runtime builds prompts.

    Parameters
    ----------
    model
        Whose family, layouts and budgets to use.
    tokenizer
        The model's.
    budget
        Tokens for the parts of a prompt; ``None``: the model's own.
    layout_shares, cut_shares, bare_share, prefix_weight, context_weight
        As a recipe has them.
    """

    def __init__(
        self,
        model: ModelDescription,
        tokenizer: Tokenizer,
        budget: Budget | None = None,
        layout_shares: Mapping[str, float] | None = None,
        cut_shares: Mapping[str, float] | None = None,
        bare_share: float = 0.0,
        prefix_weight: float = PREFIX,
        context_weight: float = CONTEXT,
    ) -> None:
        self._tokenizer = tokenizer
        self._family: FimFamily = FAMILIES[model.family]
        self._budget = budget or Budget(
            model.context_tokens, model.prefix_tokens, model.suffix_tokens
        )
        # The same shares whatever the order in which a description names the layouts.
        others = [layout for layout in sorted(model.layouts) if layout != model.default_layout]
        rest = (1 - _SERVED) / max(1, len(others))
        self._served = model.default_layout
        served = {self._served: _SERVED}
        self._layout_shares = layout_shares or served | dict.fromkeys(others, rest)
        self._cut_shares = cut_shares
        self._bare_share = bare_share
        self._prefix_weight, self._context_weight = prefix_weight, context_weight
        self._end = tokenizer.token_id(
            next(name for name in self._family.stop_tokens if tokenizer.has(name))
        )

    def samples(self, document: Document, random: Random) -> Iterator[Sample]:
        """Yield the samples of one pass over a document; another state of ``random`` cuts anew."""
        layouts, shares = zip(*self._layout_shares.items(), strict=True)
        # By document, not by sample: what samples share is computed once.
        bare = bool(self._bare_share) and random.random() < self._bare_share
        for place in places(document, random, self._cut_shares):
            if bare:
                place = replace(place, request=replace(place.request, before=()))
            layout = random.choices(layouts, shares)[0]
            yield self.sample(place, layout)

    def sample(self, place: FimExample, layout: str = "") -> Sample:
        """Return a place as token ids and weights, in the served layout unless told."""
        layout = layout or self._served
        prompt = build_prompt(place.request, self._family, self._tokenizer, self._budget, layout)
        answer = [*self._tokenizer.encode(place.middle), self._end]
        weights = [0.0] * len(prompt.ids)
        if layout == "context":
            weights[: prompt.context_tokens] = [self._context_weight] * prompt.context_tokens
        if layout in ("context", "spm", "prefix"):
            learned = prompt.prefix_tokens + (prompt.context_tokens if layout != "context" else 0)
            if learned:
                weights[-learned:] = [self._prefix_weight] * learned
        weights[0] = 0.0
        return Sample([*prompt.ids, *answer], [*weights, *([MIDDLE] * len(answer))])


def places(
    document: Document, random: Random, cut_shares: Mapping[str, float] | None = None
) -> Iterator[FimExample]:
    """Yield the cursors of one pass over a document."""
    for number, cell in enumerate(document.cells):
        if cell.type != "code" or cell.source.lstrip().startswith("%%"):
            continue
        for _ in range(cut_number(cell.source)):
            place = _place(document, number, random, cut_shares)
            if place is not None:
                yield place


def _place(
    document: Document, number: int, random: Random, cut_shares: Mapping[str, float] | None
) -> FimExample | None:
    source = document.cells[number].source
    for _ in range(_TRIES):
        cut = sample_fim_span(source, random, cut_shares)
        if cut is None or any(mark in source[cut[0] : cut[1]] for mark in _PLACEHOLDERS):
            continue
        request = CompletionRequest(
            prefix=source[: cut[0]],
            suffix=source[cut[1] :],
            before=document.cells[:number],
            language=document.language,
        )
        return FimExample(request, source[cut[0] : cut[1]])
    return None
