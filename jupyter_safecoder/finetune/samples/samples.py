"""Turns documents into token ids to learn; prompts are built by the code that serving uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import SPAN_SHARES, Recipe
from jupyter_safecoder.languages import language_of
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.prompt import FAMILIES, FimFamily, Tokenizer, build_prompt
from jupyter_safecoder.prompt.language import cell_language
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.secrets import PLACEHOLDERS

from .fim_spans import sample_fim_span, span_count
from .static_modules import static_modules
from .static_names import static_names

#: The share of samples in the layout that serving uses; the model's others divide the rest.
_DEFAULT_LAYOUT_SHARE = 0.9
#: The weight of the loss of a middle. Those of the prefix and of the cells above are in the recipe:
#: their logits cost little, and they teach the same idioms.
MIDDLE_WEIGHT = 1.0
#: Layouts whose prompt ends with the text before the cursor.
_PREFIX_LAST = ("context", "spm", "prefix")
_MAX_DRAWS = 8


@dataclass(frozen=True)
class FimExample:
    """A cursor in a document, and the text between it and the suffix."""

    request: CompletionRequest
    middle: str


@dataclass(frozen=True)
class Sample:
    """Token ids, and the weight of the loss of each; ``weights[0]`` is 0."""

    ids: list[int]
    weights: list[float]


class SampleBuilder:
    """Builds samples as the runtime builds prompts.

    Parameters
    ----------
    model
        The base model: its family, layouts and token budgets are used.
    tokenizer
        The tokenizer of the model.
    recipe
        Settings.
    """

    def __init__(self, model: ModelDescription, tokenizer: Tokenizer, recipe: Recipe) -> None:
        self._tokenizer = tokenizer
        self._family: FimFamily = FAMILIES[model.family]
        self._recipe = recipe
        self._budget = replace(
            model.budget, context=min(recipe.context_tokens, model.context_tokens)
        )
        self._default_layout = model.default_layout
        self._layout_shares = recipe.layout_shares or _layout_shares(model)
        self._stop_id = tokenizer.token_id(
            next(name for name in self._family.stop_tokens if tokenizer.has(name))
        )

    def samples(self, document: Document, random: Random) -> Iterator[Sample]:
        """Yield the samples of one epoch of a document.

        Parameters
        ----------
        document
            A redacted document.
        random
            Draws spans and layouts; another state draws others.
        """
        layouts, shares = zip(*self._layout_shares.items(), strict=True)
        # Drawn for a document, not for a sample: what samples share is computed once.
        no_context_share = self._recipe.no_context_share
        no_context = bool(no_context_share) and random.random() < no_context_share
        sources_share = self._recipe.sources_share
        sources = bool(sources_share) and random.random() < sources_share
        for example in fim_examples(document, random, self._recipe.span_shares):
            if sources:
                example = _add_sources(example, document, random)
            if no_context:
                example = replace(example, request=replace(example.request, before=()))
            if self._drops_suffix(example, random):
                example = replace(example, request=replace(example.request, suffix=""))
            layout = random.choices(layouts, shares)[0]
            yield self.sample(example, layout)

    def sample(self, example: FimExample, layout: str = "") -> Sample:
        """Return an example as token ids and weights.

        Parameters
        ----------
        example
            The example.
        layout
            The FIM layout; empty: the one that serving uses.
        """
        layout = layout or self._default_layout
        prompt = build_prompt(example.request, self._family, self._tokenizer, self._budget, layout)
        answer = [*self._tokenizer.encode(example.middle), self._stop_id]
        weights = [0.0] * len(prompt.ids)
        if layout == "context":
            context = prompt.context_tokens
            weights[:context] = [self._recipe.context_weight] * context
        if layout in _PREFIX_LAST:
            learned = prompt.prefix_tokens + (prompt.context_tokens if layout != "context" else 0)
            if learned:
                weights[-learned:] = [self._recipe.prefix_weight] * learned
        weights[0] = 0.0
        return Sample([*prompt.ids, *answer], [*weights, *([MIDDLE_WEIGHT] * len(answer))])

    def _drops_suffix(self, example: FimExample, random: Random) -> bool:
        """Draw whether nothing is after the cursor; a middle within a line needs its rest."""
        share = self._recipe.no_suffix_share
        ends_line = example.request.suffix.startswith("\n")
        return bool(share) and ends_line and random.random() < share


def fim_examples(
    document: Document, random: Random, shares: Mapping[str, float] = SPAN_SHARES
) -> Iterator[FimExample]:
    """Yield the examples of one epoch of a document.

    Parameters
    ----------
    document
        A redacted document.
    random
        Draws the spans.
    shares
        The share of each kind of span, by name.
    """
    language = language_of(document.language)
    for number, cell in enumerate(document.cells):
        if cell.type != "code" or cell_language(cell.source, document.language) != language:
            continue
        for _ in range(span_count(cell.source)):
            example = _draw_example(document, number, random, shares)
            if example is not None:
                yield example


def _add_sources(example: FimExample, document: Document, random: Random) -> FimExample:
    """Return an example with the cells below, and the names and modules of its notebook."""
    request = example.request
    number = len(request.before)
    request = replace(request, below=document.cells[number + 1 :])
    if document.notebook and document.language == "python":
        kernel = static_names(request.before, document.cells[number:], random)
        before, modules = static_modules(request.before, document.cells[number].source)
        request = replace(request, before=before, modules=modules, kernel=kernel)
    return replace(example, request=request)


def _layout_shares(model: ModelDescription) -> dict[str, float]:
    """Return the default shares: the same for any order of layouts in a description."""
    others = [layout for layout in sorted(model.layouts) if layout != model.default_layout]
    rest = (1 - _DEFAULT_LAYOUT_SHARE) / max(1, len(others))
    return {model.default_layout: _DEFAULT_LAYOUT_SHARE, **dict.fromkeys(others, rest)}


def _draw_example(
    document: Document, number: int, random: Random, shares: Mapping[str, float]
) -> FimExample | None:
    """Return an example of a cell; none asks for a placeholder of a secret."""
    source = document.cells[number].source
    for _ in range(_MAX_DRAWS):
        span = sample_fim_span(source, random, shares)
        if span is None:
            continue
        start, stop = span
        middle = source[start:stop]
        if any(placeholder in middle for placeholder in PLACEHOLDERS):
            continue
        request = CompletionRequest(
            prefix=source[:start],
            suffix=source[stop:],
            before=document.cells[:number],
            language=document.language,
        )
        return FimExample(request, middle)
    return None
