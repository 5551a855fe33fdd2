"""What the maker of a model says of it; the file comes from outside."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.cards import Base, OwnWords, Section, read_own_words
from jupyter_safecoder.models.cards.own_words import FILE

ABOUT = """
summary = "Ours."
limits = ["It is small."]
[base]
name = "coder"
relation = "finetune"
[corpus]
manifest = "sources.json"
[probe]
prompt = [1, 2]
completion = [3]
[[sections]]
title = "Training"
text = "An hour."
"""


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_own_words(tmp_path) == OwnWords()


def test_all_fields(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(ABOUT)
    sources = [{"package": "a", "notebooks": 2}, {"package": "b", "notebooks": 3, "modules": 1}]
    manifest = json.dumps({"sources": sources})
    (tmp_path / "sources.json").write_text(manifest)
    words = read_own_words(tmp_path)
    assert (words.summary, words.limits) == ("Ours.", ("It is small.",))
    assert words.base == Base("coder", "finetune")
    assert words.sections == (Section("Training", "An hour."),)
    assert words.corpus
    assert words.corpus.counts == {"sources": 2, "notebooks": 5, "modules": 1}
    assert words.corpus.sha256 == hashlib.sha256(manifest.encode()).hexdigest()
    assert words.probe
    assert (words.probe.prompt, words.probe.completion) == ((1, 2), (3,))


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"sources": 1}', '{"sources": [1]}', "["])
def test_a_list_of_another_form_has_no_counts(manifest: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[corpus]\nmanifest = "a.json"\n')
    (tmp_path / "a.json").write_text(manifest)
    words = read_own_words(tmp_path)
    assert words.corpus
    assert words.corpus.counts == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("summary = 1", "cannot be used"),
        ("invented = 1", "cannot be used"),
        ("a = [" * 5000, "not TOML"),
        ("[training]\nmade = 1979-05-27", "a date"),
        ("[training]\nrate = nan", "not finite"),
        ('[corpus]\nmanifest = "../secret"', "another directory"),
        ('[corpus]\nmanifest = ".."', "another directory"),
        ('[corpus]\nmanifest = "missing.json"', "is missing"),
        ("#" * 2**20 + "#", "larger than 1 MB"),
    ],
)
def test_what_is_refused_with_a_sentence(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError, match=reason) as caught:
        read_own_words(tmp_path)
    assert FILE in caught.value.reason
