"""``%safecoder`` in a shell: help, Tab, errors in a sentence, corpus, state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.testing.globalipapp import get_ipython

from tests.support.team_notebooks import write_team


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    shell = get_ipython() or InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jupyter_safecoder")
    yield shell
    shell.run_line_magic("unload_ext", "jupyter_safecoder")


def test_state_and_help(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("safecoder", "")
    assert "No runtime runs here" in capsys.readouterr().out
    shell.run_line_magic("safecoder", "finetune --help")
    assert "--recipe FILE.toml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dance", "Argument COMMAND: invalid choice: 'dance'"),
        ("finetune team", "The following arguments are required: --name"),
        ("corpus 'team", "The line cannot be read: No closing quotation"),
        ("corpus nowhere", "There is no file or directory nowhere."),
        ("use nothing", "There is no adapter 'nothing'."),
        ("report nothing", "There is no adapter 'nothing'."),
        ("stop nothing", "There is no job 'nothing'."),
        ("delete nothing", "There is no job 'nothing'."),
    ],
)
def test_errors_are_one_sentence(shell: InteractiveShell, line: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        shell.run_line_magic("safecoder", line)
    assert str(raised.value).startswith(words)
    assert "\n" not in str(raised.value)


def test_tab_completes_the_line(shell: InteractiveShell) -> None:
    magics: Any = shell

    def completions(line: str) -> list[str]:
        found: list[str] = magics.safecoder.complete(SimpleNamespace(line=line))
        return found

    assert "finetune" in completions("%safecoder ")
    assert "corpus" in completions("%safecoder co")
    assert completions("%safecoder use ") == ["--base", "--previous"]
    assert "--name" in completions("%safecoder finetune team ")


def test_the_corpus_as_text(
    shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team = write_team(tmp_path / "team")
    (team / "broken.ipynb").write_text("{")
    shell.run_line_magic("safecoder", f"corpus {team}")
    out = capsys.readouterr().out
    assert "Taken: 6" in out
    assert "not a notebook that can be read" in out


def test_a_job_that_is_not_started(
    shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team = write_team(tmp_path / "team")
    shell.run_line_magic("safecoder", f"finetune {team} --name ours --steps 3 --no-start")
    directory = tmp_path / "cache" / "jobs" / "ours"
    plan, launch = capsys.readouterr().out.splitlines()
    assert plan.startswith("Training safecoder-smol-135m on 6 notebooks and scripts: how long")
    assert plan.endswith("Stop it at any time: %safecoder stop ours")
    assert launch == f"'accelerate launch' starts the job in {directory}."
    assert (directory / "job.json").is_file()
    shell.run_line_magic("safecoder", "jobs")
    assert "It waits for its processes." in capsys.readouterr().out
    shell.run_line_magic("safecoder", "delete ours")
    assert capsys.readouterr().out == "ours is deleted.\n"


def test_a_recipe_with_a_name_of_version_0_1(shell: InteractiveShell, tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text("judged = 12\n")
    with pytest.raises(UsageError, match=r"'judged' in .* is now 'eval_samples'\. Rename it\."):
        shell.run_line_magic("safecoder", f"finetune x --name ours --recipe {recipe}")
