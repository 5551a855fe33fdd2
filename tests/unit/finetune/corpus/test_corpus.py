"""Which files are learned, which are not, and why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.corpus import Corpus, build_corpus
from jupyter_safecoder.finetune.corpus.scan import check_enough
from tests.support.team_notebooks import write_notebook, write_team

CODE = "import pandas as pd\nframe = pd.read_csv('a.csv')\nframe.describe()"


def reasons(corpus: Corpus, root: Path) -> dict[str, str]:
    """Return the reasons by path below the root."""
    return {str(Path(one.path).relative_to(root)): one.reason for one in corpus.left_out}


def names(corpus: Corpus) -> set[str]:
    return {Path(document.path).name for document in corpus.documents}


def test_whole_notebooks_are_held_out_and_the_same_ones_each_time(team: Path) -> None:
    one, other = build_corpus([team]), build_corpus([team])
    assert [d.path for d in one.held_out] == [d.path for d in other.held_out]
    assert len(one.held_out) == 1
    assert not {d.path for d in one.held_out} & {d.path for d in one.train}
    assert one.sha256 == other.sha256
    taken = one.report()["taken"]
    assert len(taken) == 6
    assert all(row["samples"] > 0 for row in taken)


def test_each_file_that_is_left_out_has_its_reason(team: Path, tmp_path: Path) -> None:
    (team / "corrupt.ipynb").write_text("{not json")
    (team / "list.ipynb").write_text("[1, 2]")
    write_notebook(team / "julia.ipynb", "x = 1", language="julia")
    write_notebook(team / "prose.ipynb", markdown="# Nothing but words")
    write_notebook(team / "copy.ipynb", CODE)
    write_notebook(team / "copy2.ipynb", CODE)
    write_notebook(
        team / "generated.ipynb", "# This file was automatically generated. DO NOT EDIT\nx=1"
    )
    (team / "old.py").write_text("print 'two'\n")
    (team / "gpl.py").write_text("# SPDX-License-Identifier: GPL-3.0-or-later\nx = 1\n" + CODE)
    (team / "table.py").write_text("x = [" + ", ".join("123456789" for _ in range(300)) + "]\n")
    (team / "node_modules").mkdir()
    (team / "node_modules" / "a.py").write_text(CODE)
    with (team / "huge.ipynb").open("wb") as stream:
        stream.truncate(200 * 2**20)
    (team / "loop").symlink_to(team, target_is_directory=True)
    (team / "gone.ipynb").symlink_to(team / "nowhere.ipynb")
    (team / ".safecoderignore").write_text("private/\n*-draft.ipynb\n")
    write_notebook(team / "private" / "a.ipynb", "secret_plan = 1\nprint(secret_plan)")
    write_notebook(team / "x-draft.ipynb", "draft = 1\nprint(draft)")
    found = reasons(build_corpus([team]), team)
    assert found["corrupt.ipynb"] == found["list.ipynb"] == "not a notebook that can be read"
    assert found["julia.ipynb"] == "another language: julia"
    assert found["prose.ipynb"] == "no code in it"
    assert found["copy2.ipynb"].startswith("duplicate of ")
    assert found["generated.ipynb"] == "marked as generated"
    assert found["old.py"] == "not code that Python can read"
    assert found["gpl.py"] == "license: GPL-3.0-or-later"
    assert found["table.py"].startswith("not code")
    assert found["node_modules"] == "vendored or generated"
    assert found["huge.ipynb"] == "too large: 200.0 MB, the maximum is 50 MB"
    assert found["loop"] == "reached before by another path"
    assert found["gone.ipynb"] == "a link that leads nowhere"
    assert found["private"] == found["x-draft.ipynb"] == "excluded by pattern (.safecoderignore)"


def test_what_is_no_file_or_too_large_is_not_read(team: Path) -> None:
    os.mkfifo(team / "pipe.ipynb")
    (team / "zero.py").symlink_to("/dev/zero")
    (team / "a.ipynb").symlink_to(team / "b.ipynb")
    (team / "b.ipynb").symlink_to(team / "a.ipynb")
    # More than any memory holds.
    with (team / "huge.ipynb").open("wb") as stream:
        stream.truncate(2**40)
    found = reasons(build_corpus([team]), team)
    assert found["pipe.ipynb"] == "not a regular file"
    assert found["zero.py"] == "a link that leads out of the named directories"
    assert found["a.ipynb"] == found["b.ipynb"] == "a link that leads nowhere"
    assert found["huge.ipynb"].startswith("too large: 1048576.0 MB")


def test_reasons_if_every_file_is_excluded(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (team / ".safecoderignore").write_text("*.ipynb\n!rain.ipynb\n")
    path = team / "rain.ipynb"
    data = json.loads(path.read_text())
    for cell in data["cells"]:
        cell["metadata"]["tags"] = ["safecoder-ignore"]
    path.write_text(json.dumps(data))
    for command in (["corpus"], ["finetune", "--name", "none"]):
        assert main([*command, str(team)]) == 1
        printed = capsys.readouterr().err
        assert "Every file was left out" in printed
        assert "excluded by pattern (.safecoderignore) (5)" in printed
        assert "excluded by tag" in printed


def test_near_duplicates_are_left_out(team: Path) -> None:
    lines = [f"value_{n} = compute({n}, other={n * n})" for n in range(60)]
    write_notebook(team / "one.ipynb", "\n".join(lines))
    write_notebook(team / "two.ipynb", "\n".join([*lines[:59], "value_59 = 0"]))
    found = reasons(build_corpus([team]), team)
    assert found["two.ipynb"].startswith("near duplicate of ")


def test_old_notebooks_are_read(team: Path) -> None:
    old = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": CODE.split("\n"),
                        "language": "python",
                        "metadata": {},
                        "outputs": [],
                    }
                ],
                "metadata": {},
            }
        ],
    }
    (team / "old.ipynb").write_text(json.dumps(old))
    assert "old.ipynb" in names(build_corpus([team]))


def test_cells_with_the_tag_are_left_out(team: Path) -> None:
    path = write_notebook(team / "tagged.ipynb", CODE, "hidden_thing = 'of the tagged cell'")
    data = json.loads(path.read_text())
    data["cells"][1]["metadata"]["tags"] = ["safecoder-ignore"]
    path.write_text(json.dumps(data))
    corpus = build_corpus([team])
    texts = [c.source for d in corpus.documents for c in d.cells]
    assert not any("hidden_thing" in text for text in texts)
    assert reasons(corpus, team)["tagged.ipynb"] == "1 cells of it excluded by tag"


def test_scripts_become_cells(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("# %% [markdown]\n# Words\n# %%\nimport os\n\n# %%\nprint(os.getcwd())\n")
    write_team(tmp_path / "team", 3)
    corpus = build_corpus([tmp_path])
    [document] = [d for d in corpus.documents if d.path == str(script)]
    assert [cell.type for cell in document.cells] == ["markdown", "code", "code"]
    assert document.cells[0].source == "Words"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "There is no notebook and no Python file there."),
        ({"a.ipynb": CODE}, "There is one document only"),
        ({"a.py": "print 'x'", "b.py": "print 'y'"}, "Every file was left out"),
    ],
)
def test_too_little_says_what_is_missing(tmp_path: Path, files: dict[str, str], words: str) -> None:
    place = tmp_path / "few"
    place.mkdir()
    for name, text in files.items():
        if name.endswith("ipynb"):
            write_notebook(place / name, text)
        else:
            (place / name).write_text(text)
    with pytest.raises(FinetuneError, match=words):
        check_enough(build_corpus([place]))


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="There is no file or directory"):
        build_corpus([tmp_path / "nowhere"])
