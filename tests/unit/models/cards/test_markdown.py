"""Cards as the Hugging Face Hub's library reads them."""

from __future__ import annotations

import pytest
from huggingface_hub import ModelCard as HubCard
from huggingface_hub import ModelCardData

from jupyter_safecoder.models.cards import (
    Base,
    CardFile,
    Corpus,
    ModelCard,
    Score,
    Section,
    card_of_entry,
    to_markdown,
)
from jupyter_safecoder.models.catalogue import read_catalogue

WHOLE = ModelCard(
    kind="model",
    name="ours",
    summary="It completes code.",
    license="Apache-2.0",
    base=Base("coder", "finetune", "b" * 64, "team/coder"),
    format="gguf",
    architecture={"model_type": "llama", "hidden_size": 576},
    parameters=134_515_008,
    layers=30,
    context_window=8192,
    quantization="Q8_0",
    family="starcoder",
    layouts=("spm", "context"),
    default_layout="context",
    languages=("python",),
    files=(CardFile("ours.gguf", 5, "a" * 64), CardFile("tokenizer.json", None, None)),
    corpus=Corpus("sources.json", "c" * 64, {"notebooks": 947}),
    calibration={"intercept": -0.5, "slope": 0.75},
    scores=(
        Score("HumanEval", "exact_match", 0.26, "jupyter safecoder infill T", 150, "Q8_0"),
        Score("HumanEval", "edit_similarity", 0.568, "jupyter safecoder infill T", 150, "Q8_0"),
        Score("typing", "tpot_ms", 17, "jupyter safecoder bench typing"),
    ),
    training={"steps": 688, "shares": {"spm": 0.5}, "runs": [1, 2]},
    limits=("It is small.",),
    sections=(Section("Tokens", "| a | b |\n| --- | --- |"),),
)


def _read(text: str) -> tuple[ModelCardData, str]:
    """Return the data and the text of a card, as the Hub's library reads it."""
    card = HubCard(text)
    assert isinstance(card.data, ModelCardData)
    return card.data, card.text


def test_the_hub_s_library_reads_scores_and_license() -> None:
    data, _ = _read(to_markdown(WHOLE))
    assert (data.license, data.base_model, data.get("base_model_relation")) == (
        *("apache-2.0", "team/coder"),
        "finetune",
    )
    assert data.model_name == "ours"
    assert [(r.dataset_name, r.metric_type, r.metric_value) for r in data.eval_results or ()] == [
        ("HumanEval (Q8_0)", "exact_match", 0.26),
        ("HumanEval (Q8_0)", "edit_similarity", 0.568),
        ("typing", "tpot_ms", 17),
    ]
    assert "gguf" in (data.tags or ())


@pytest.mark.parametrize("name", [*read_catalogue()])
def test_every_card_of_the_catalogue_is_read(name: str) -> None:
    card = card_of_entry(read_catalogue()[name])
    data, _ = _read(to_markdown(card))
    assert data.license in ("apache-2.0", "other", "gemma", "bigcode-openrail-m", "mit")
    assert len(data.eval_results or ()) == len(card.scores)


def test_the_text_has_each_fact() -> None:
    _, text = _read(to_markdown(WHOLE))
    for fact in (
        "It completes code.",
        f"| base | coder (finetune), SHA-256 `{'b' * 64}` |",
        "| parameters | 134,515,008 |",
        "| prompts | of the family starcoder, in the layouts spm, context (default) |",
        f"| corpus | `sources.json`; notebooks: 947; SHA-256 `{'c' * 64}` |",
        "| calibration | intercept -0.5, slope 0.75 |",
        f"| file | `ours.gguf`: 5 bytes, SHA-256 `{'a' * 64}` |",
        "| file | `tokenizer.json`: unknown, SHA-256 unknown |",
        "| training | steps 688, shares spm 0.5 |",
        "| HumanEval (150 tasks) | exact_match | 0.26 | Q8_0 | `jupyter safecoder infill T` |",
        "## Limits\n- It is small.",
        "## Tokens\n| a | b |",
    ):
        assert fact in text


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    text = to_markdown(ModelCard("model", "mystery"))
    for name in ("base", "license", "architecture", "parameters", "prompts", "corpus"):
        assert f"| {name} | unknown |" in text
    assert "| calibration | none was measured" in text
    assert "license" not in text.split("---")[1]
    adapter = to_markdown(ModelCard("adapter", "mystery"))
    assert "| architecture | that of the base |" in adapter
    assert _read(adapter)[0].library_name == "peft"


@pytest.mark.parametrize(
    "name",
    [
        "a\n---\nlicense: mit\n---",
        "<script>x</script>",
        "a | b",
        "\u202eevil\x1b[2J",
        "\ud800",
        "'\"",
    ],
)
def test_names_from_outside_are_no_markup(name: str) -> None:
    score = Score(name, name, 1, name, None, name)
    card = ModelCard("model", name, license=name, files=(CardFile(name, 1, None),), scores=(score,))
    data, _ = _read(text := to_markdown(card))
    assert data.license == "other"
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "<script" not in text.replace("\\<", "").partition("\n---\n")[2]
    rows = [line for line in text.split("\n") if line.startswith("| file")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [3]
