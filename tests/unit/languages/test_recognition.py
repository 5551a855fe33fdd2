"""Languages by their names, files and programs, ``cases/names.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.languages.recognition import (
    language_of,
    language_of_file,
    language_of_program,
    notebook_language,
)

CASES = read_toml(Path(__file__).parent / "cases" / "names.toml")


@pytest.mark.parametrize(("names", "language"), CASES["names"].items())
def test_the_language_of_a_kernel(names: str, language: str) -> None:
    assert language_of(names) == language
    # A name of the table is one of its own.
    assert language_of(language) == language


@pytest.mark.parametrize(("path", "language"), CASES["files"].items())
def test_the_language_of_a_file(path: str, language: str) -> None:
    assert language_of_file(path) == language


@pytest.mark.parametrize(("command", "language"), CASES["programs"].items())
def test_the_language_of_a_program(command: str, language: str) -> None:
    assert language_of_program(command.split()) == language


def test_what_is_not_in_the_table() -> None:
    assert language_of_file("picture.png") is None
    assert language_of_file("") is None
    assert language_of_program(["false", "--no-raise-error"]) is None
    assert language_of_program([]) is None
    assert len(language_of("x" * 5000)) == 64


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "python"),
        ({"language_info": {"name": "pyspark", "file_extension": ".py"}}, "python"),
        ({"language_info": {"name": "ours", "file_extension": "py"}}, "python"),
        ({"language_info": {"name": "ours", "pygments_lexer": "r"}}, "r"),
        ({"language_info": {"name": "ours", "codemirror_mode": {"name": "ipython"}}}, "python"),
        ({"language_info": {"name": "ours", "codemirror_mode": "julia"}}, "julia"),
        ({"language_info": {"name": "ours", "mimetype": "text/x-scala"}}, "scala"),
        ({"language_info": {}, "kernelspec": {"language": "R"}}, "r"),
        ({"kernelspec": {"name": "ir"}}, "r"),
        ({"kernelspec": {"name": "python3"}}, "python"),
        ({"language_info": {"name": "ours"}}, "ours"),
        ({"language_info": "R", "kernelspec": None}, "python"),
        ({"language_info": {"name": ["R"], "file_extension": 5}}, "['r']"),
    ],
)
def test_the_language_of_a_notebook(metadata: dict[str, Any], language: str) -> None:
    assert notebook_language(metadata) == language
