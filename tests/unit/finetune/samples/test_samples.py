"""Samples are the prompts of serving with the middle behind them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.samples import FimExample, SampleBuilder, fim_examples
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import FAMILIES, Budget, build_prompt
from jupyter_safecoder.protocol import Cell, CompletionRequest

MODEL = resolve_model(EMBEDDED)
TOKENIZER = FileTokenizer(MODEL.tokenizer)
ABOVE = Cell("code", "import numpy as np\nvalues = np.arange(10)")
EXAMPLE = FimExample(CompletionRequest("mean = ", "\nprint(mean)", (ABOVE,)), "values.mean()")


def builder(**settings: object) -> SampleBuilder:
    return SampleBuilder(MODEL, TOKENIZER, replace(Recipe(), **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", MODEL.layouts)
def test_a_sample_is_the_prompt_and_the_middle(layout: str) -> None:
    sample = builder().sample(EXAMPLE, layout)
    budget = Budget(min(768, MODEL.context_tokens), MODEL.prefix_tokens, MODEL.suffix_tokens)
    family = FAMILIES[MODEL.family]
    prompt = build_prompt(EXAMPLE.request, family, TOKENIZER, budget, layout)
    middle = TOKENIZER.encode(EXAMPLE.middle)
    assert sample.ids[: len(prompt.ids)] == prompt.ids
    assert sample.ids[len(prompt.ids) : -1] == middle
    assert len(sample.ids) == len(sample.weights) == len(prompt.ids) + len(middle) + 1
    assert sample.weights[-len(middle) - 1 :] == [1.0] * (len(middle) + 1)
    assert sample.weights[0] == 0


def test_the_default_layout_is_that_of_serving() -> None:
    assert builder().sample(EXAMPLE) == builder().sample(EXAMPLE, MODEL.default_layout)


def test_weights_of_prefix_and_context_are_the_recipe_s() -> None:
    sample = builder(prefix_weight=0.25, context_weight=0.5).sample(EXAMPLE, "context")
    assert set(sample.weights) == {0.0, 0.25, 0.5, 1.0}
    assert set(builder(prefix_weight=0.0, context_weight=0.0).sample(EXAMPLE).weights) == {0.0, 1.0}


def test_the_context_is_bounded_by_the_recipe() -> None:
    assert len(builder(context_tokens=0).sample(EXAMPLE).ids) < len(builder().sample(EXAMPLE).ids)


def document(*sources: str) -> Document:
    cells = tuple(Cell("code", source) for source in sources)
    return Document("a", cells, tuple(range(len(cells))), "python", notebook=True)


def test_examples_have_the_cells_above() -> None:
    found = list(fim_examples(document("first = 1 + 1", "second = first + 2"), Random(0)))
    assert {len(example.request.before) for example in found} == {0, 1}
    for example in found:
        source = example.request.prefix + example.middle + example.request.suffix
        assert source in ("first = 1 + 1", "second = first + 2")


def test_no_middle_is_a_placeholder() -> None:
    found = list(fim_examples(document("<KEY><KEY><KEY><KEY>\n" * 5), Random(0)))
    assert not [example for example in found if "<KEY>" in example.middle]


def test_cells_of_other_languages_give_no_examples() -> None:
    assert not list(fim_examples(document("%%bash\necho 1 2 3 4"), Random(0)))


def test_without_context_a_document_is_learned_cell_by_cell() -> None:
    text = document("first = 1 + 1", "second = first + 2")
    with_context = list(builder(no_context_share=0.0).samples(text, Random(0)))
    without = list(builder(no_context_share=1.0).samples(text, Random(0)))
    longest = [max(len(sample.ids) for sample in samples) for samples in (with_context, without)]
    assert longest[1] < longest[0]


def test_who_types_at_the_end_of_a_cell_has_no_suffix() -> None:
    text = document("\n".join(f"value_{n} = compute({n}, 1)" for n in range(10)))
    middle = TOKENIZER.token_id(FAMILIES[MODEL.family].middle)

    def lengths(kind: str, share: float) -> list[int]:
        """Return where the suffix ends in each sample."""
        build = builder(no_suffix_share=share, span_shares={kind: 1.0}, layout_shares={"spm": 1.0})
        return [sample.ids.index(middle) for sample in build.samples(text, Random(0))]

    assert max(lengths("whole_line", 1.0)) < max(lengths("whole_line", 0.0))
    assert len(set(lengths("whole_line", 1.0))) == 1
    # A middle within a line needs the rest of it.
    assert lengths("in_brackets", 1.0) == lengths("in_brackets", 0.0)


def test_sources_are_those_of_serving() -> None:
    text = document("table = pd.read_csv(p)", "mean = table['price'].mean()", "print(mean, 1, 2)")

    def prompts(share: float) -> list[str]:
        samples = builder(sources_share=share).samples(text, Random(0))
        return [TOKENIZER.decode(sample.ids) for sample in samples]

    line = "# table: DataFrame["
    assert any(line in prompt and "'price'" in prompt.partition(line)[2] for prompt in prompts(1.0))
    assert any("print(mean, 1, 2)" in prompt.partition("mean = ")[0] for prompt in prompts(1.0))
    assert not any(line in prompt for prompt in prompts(0.0))


def test_layouts_are_drawn_by_their_shares() -> None:
    text = document("value = compute(1, 2, 3)\n" * 20)
    spm = list(builder(layout_shares={"spm": 1.0}).samples(text, Random(0)))
    assert spm
    first = FAMILIES[MODEL.family]
    assert {sample.ids[0] for sample in spm} == {builder().sample(EXAMPLE, "spm").ids[0]}, first
