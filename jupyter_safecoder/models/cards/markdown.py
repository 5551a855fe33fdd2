"""Writes a card as a model card of the Hugging Face Hub: YAML front matter, then Markdown.

Sources: the Hub's documents "Model Cards" and "modelcard.md" (the metadata that it reads), and
papers-with-code's "model-index" (the scores).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from .card import ModelCard, Score

_UNKNOWN = "unknown"
#: Identifiers of licenses that the Hub has; others are named beside the identifier ``other``.
_HUB_LICENSES = frozenset(
    (
        *(
            "apache-2.0",
            "mit",
            "bsd",
            "bsd-2-clause",
            "bsd-3-clause",
            "bsl-1.0",
            "isc",
            "unlicense",
        ),
        *(
            "agpl-3.0",
            "gpl-3.0",
            "lgpl-3.0",
            "mpl-2.0",
            "cc-by-4.0",
            "cc-by-sa-4.0",
            "cc-by-nc-4.0",
        ),
        *("bigcode-openrail-m", "bigscience-openrail-m", "openrail", "gemma", "llama2", "llama3"),
        *("llama3.1", "llama3.2"),
    )
)
_TASK = "text-generation"


def to_markdown(card: ModelCard) -> str:
    """Return a card as the Hugging Face Hub and its library read one."""
    parts = [f"---\n{_front_matter(card)}---\n", f"# {_text(card.name)}\n"]
    if card.summary:
        parts.append(f"{card.summary}\n")
    parts.append(_table(("", ""), list(_facts(card))))
    if card.scores:
        parts.append(f"## Scores\n{_score_table(card.scores)}")
    if card.limits:
        parts.append("## Limits\n" + "".join(f"- {limit}\n" for limit in card.limits))
    parts += [f"## {section.title}\n{section.text}\n" for section in card.sections]
    return "\n".join(parts)


def _front_matter(card: ModelCard) -> str:
    license = (card.license or "").lower()
    data: dict[str, Any] = {}
    if license:
        data["license"] = license if license in _HUB_LICENSES else "other"
        if license not in _HUB_LICENSES:
            data["license_name"] = re.sub(r"[^a-z0-9.]+", "-", license).strip("-") or _UNKNOWN
    if card.base is not None:
        data["base_model"] = card.base.repository or card.base.name
        data["base_model_relation"] = card.base.relation
    data["library_name"] = "peft" if card.kind == "adapter" else None
    data["pipeline_tag"] = _TASK
    data["tags"] = ["code", "fill-in-the-middle", "jupyter", *({"gguf"} & {card.format or ""})]
    if card.scores:
        data["model-index"] = [{"name": card.name, "results": list(_results(card.scores))}]
    # JSON is YAML, but for characters that YAML forbids.
    return "".join(f"{name}: {_yaml(value)}\n" for name, value in data.items() if value is not None)


def _yaml(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in _without_surrogates(text))


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _results(scores: Sequence[Score]) -> Iterator[Mapping[str, Any]]:
    """Yield the scores by dataset, as the Hub's ``model-index`` has them."""
    for (dataset, served_as), found in groupby(scores, lambda s: (s.dataset, s.served_as)):
        yield {
            "task": {"type": _TASK, "name": "fill-in-the-middle"},
            "dataset": {
                "type": re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-") or _UNKNOWN,
                "name": f"{dataset} ({served_as})" if served_as else dataset,
            },
            "metrics": [
                {"type": s.metric, "name": s.metric, "value": s.value, "verified": False}
                for s in found
            ],
        }


def _facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    """Yield the rows of the first table; what is not known is said to be unknown."""
    # An adapter has the architecture and the prompts of its base.
    unknown = _UNKNOWN if card.kind == "model" else "that of the base"
    if card.base is None:
        yield "base", _UNKNOWN
    else:
        sha256 = f", SHA-256 `{card.base.sha256}`" if card.base.sha256 else ", SHA-256 unknown"
        yield "base", f"{_text(card.base.name)} ({card.base.relation}){sha256}"
    yield "license", _text(card.license or _UNKNOWN)
    sizes = ", ".join(f"{name} {_number(value)}" for name, value in card.architecture.items())
    yield "architecture", _text(sizes or unknown)
    for name, value in (
        ("parameters", card.parameters),
        ("layers", card.layers),
        ("context window", card.context_window),
        ("quantization", card.quantization),
        ("format", card.format),
    ):
        yield name, unknown if value is None else _text(_number(value))
    yield "prompts", _prompts(card) or unknown
    yield "languages", _text(", ".join(card.languages) or unknown)
    yield "corpus", _corpus(card)
    if card.calibration is None:
        default = "none was measured: the default is used"
        yield "calibration", default if card.kind == "model" else unknown
    else:
        numbers = (f"{name} {value}" for name, value in card.calibration.items())
        yield "calibration", ", ".join(numbers)
    for file in card.files:
        size = _UNKNOWN if file.size is None else f"{file.size:,} bytes"
        sha256 = f"`{file.sha256}`" if file.sha256 else _UNKNOWN
        yield "file", f"`{_text(file.name)}`: {size}, SHA-256 {sha256}"
    if card.training:
        yield "training", _text(", ".join(_settings(card.training)))


def _prompts(card: ModelCard) -> str:
    if card.family is None:
        return ""
    layouts = (
        f"{one} (default)" if one == card.default_layout and len(card.layouts) > 1 else one
        for one in card.layouts
    )
    return _text(f"of the family {card.family}, in the layouts {', '.join(layouts)}")


def _corpus(card: ModelCard) -> str:
    if card.corpus is None:
        return _UNKNOWN
    counts = ", ".join(f"{n.replace('_', ' ')}: {v:,}" for n, v in card.corpus.counts.items())
    manifest = f"`{card.corpus.manifest}`" if card.corpus.manifest else ""
    sha256 = f"SHA-256 `{card.corpus.sha256}`" if card.corpus.sha256 else ""
    return _text("; ".join(part for part in (manifest, counts, sha256) if part) or _UNKNOWN)


def _settings(training: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield settings as text; those of several runs are not listed."""
    for name, value in training.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{name} ")
        elif not isinstance(value, list):
            yield f"{prefix}{name} {_number(value)}"


def _score_table(scores: Sequence[Score]) -> str:
    rows = [
        (
            _text(score.dataset) + (f" ({score.tasks:,} tasks)" if score.tasks else ""),
            _text(score.metric),
            f"{score.value:g}",
            _text(score.served_as),
            f"`{_text(score.command)}`",
        )
        for score in scores
    ]
    return _table(("measured with", "metric", "value", "served as", "command"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines)


def _number(value: Any) -> str:
    return f"{value:,}" if type(value) is int else str(value)


def _text(text: str) -> str:
    """Return a text that is no markup, and has no character that cannot be seen."""
    visible = "".join(c if c.isprintable() else " " for c in _without_surrogates(text))
    return re.sub(r"[|<\\]", lambda match: f"\\{match[0]}", visible)
