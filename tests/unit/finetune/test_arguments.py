"""The arguments of ``finetune`` become settings of a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.arguments import add_finetune_arguments, recipe_settings


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_finetune_arguments(parser)
    return parser.parse_args(["--name", "ours", *words])


def test_nothing_is_given() -> None:
    arguments = parse()
    assert recipe_settings(arguments) == {}
    assert (arguments.paths, arguments.processes) == ([], 1)


def test_arguments_take_precedence_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("steps = 3\nepochs = 2\n")
    given = ("--recipe", str(path), "--steps", "5", "--minutes", "0")
    assert recipe_settings(parse(*given)) == {"steps": 5, "epochs": 2, "minutes": 0}


def test_the_scale_follows_the_rank() -> None:
    assert recipe_settings(parse("--rank", "8")) == {"rank": 8, "alpha": 16}


def test_arguments_have_the_bounds_of_the_recipe() -> None:
    with pytest.raises(FinetuneError, match="'rank' of the command must be 1 or more"):
        recipe_settings(parse("--rank", "0"))


def test_paths_have_the_home_directory() -> None:
    assert parse("~/notebooks").paths == [Path.home() / "notebooks"]


def test_a_job_is_waited_for_or_not_started() -> None:
    with pytest.raises(SystemExit):
        parse("--wait", "--no-start")
