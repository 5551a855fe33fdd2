"""The recipe's settings are checked wherever they come from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.card import RENAMED_SETTINGS
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.finetune.recipe import SPAN_SHARES, Recipe, check_settings, read_settings
from jupyter_safecoder.finetune.samples.fim_spans import SPAN_KINDS
from jupyter_safecoder.option import options_of
from jupyter_safecoder.prompt import LAYOUTS
from tests.support.paths import WEIGHTS_RECIPE


def read(path: Path, text: str) -> Recipe:
    path.write_text(text)
    return Recipe(**read_settings(path))


def test_every_field_is_an_option() -> None:
    assert [one.name for one in options_of(Recipe)] == [field.name for field in fields(Recipe)]
    assert all(one.help.endswith((".", "'.")) for one in options_of(Recipe))


def test_the_defaults_are_within_their_bounds() -> None:
    assert Recipe(**check_settings(Recipe().as_dict() | {"layout_shares": {"spm": 1}}, "x"))


def test_the_kinds_of_spans_are_those_that_there_are() -> None:
    assert list(SPAN_SHARES) == list(SPAN_KINDS)
    assert sum(SPAN_SHARES.values()) == pytest.approx(1)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    assert read(path, "rank = 8\nlearning_rate = 1\n") == Recipe(rank=8, learning_rate=1)
    with pytest.raises(FinetuneError, match="'rnk'"):
        read(path, "rnk = 8\n")
    with pytest.raises(FinetuneError, match=r"'rank' of .*r\.toml must be of the type integer"):
        read(path, "rank = 'eight'\n")
    with pytest.raises(FinetuneError, match="cannot be read as a recipe"):
        read(path, "rank = \n")
    with pytest.raises(FinetuneError, match="cannot be read as a recipe"):
        read_settings(tmp_path / "nowhere.toml")


def test_sources_are_relative_to_the_file(tmp_path: Path) -> None:
    assert read(tmp_path / "r.toml", "sources = 'a.toml'").sources == str(tmp_path / "a.toml")


@pytest.mark.parametrize(
    "line",
    [
        "layout_shares = { psmm = 1 }",
        "span_shares = { anywhere = 'x' }",
        "span_shares = { anywhere = -1 }",
        "span_shares = { anywhere = 0 }",
        "span_shares = { anywhere = nan }",
        "span_shares = {}",
        "sources = 3",
        "rank = 0",
        "rank = true",
        "rank = 8.5",
        "learning_rate = nan",
        "learning_rate = 2",
        "replay_share = 0.95",
        "quantize = 'int8'",
        "package_temperature = 0.5",
        "trained_tokens = [1]",
    ],
)
def test_settings_that_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(FinetuneError) as raised:
        read(tmp_path / "recipe.toml", line)
    assert line.split()[0] in raised.value.reason


def test_a_whole_number_with_a_point_is_an_integer() -> None:
    checked = check_settings({"rank": 8.0}, "x")
    assert isinstance(checked["rank"], int)


@pytest.mark.parametrize(("old", "new"), RENAMED_SETTINGS.items())
def test_names_of_version_0_1_are_refused_with_the_new_one(old: str, new: str) -> None:
    with pytest.raises(FinetuneError) as raised:
        check_settings({old: 1}, "r.toml")
    assert raised.value.reason == f"{old!r} in r.toml is now {new!r}."
    assert raised.value.remedy
    assert new in {field.name for field in fields(Recipe)}


@pytest.mark.parametrize("name", ["recipe.toml", "continue.toml"])
def test_the_recipes_that_ship(name: str) -> None:
    recipe = Recipe(**read_settings(WEIGHTS_RECIPE / name))
    model: dict[str, Any] = read_manifest(Path(recipe.sources)).base.model
    assert model["name"] == "safecoder-smol-135m"
    assert set(recipe.layout_shares) <= set(model["layouts"])
    assert set(recipe.layout_shares) <= set(LAYOUTS)
