"""No key or password of a notebook is in a prompt, and none is suggested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.protocol import Cell, CompletionRequest, Excerpt, KernelName
from jupyter_safecoder.runtime.prompts.masking import mask_file, mask_request, suggests_secret
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime

KEY = "AKIA" + "Q3EGZ7T5WJ2KLM4N"
PASSWORD = "t7-Rabbit-" + "hole!9"
LIMIT = 10_000


def mask(request: CompletionRequest) -> CompletionRequest:
    return mask_request(request, LIMIT).request


def test_every_part_of_a_request_is_masked() -> None:
    code = f'client = connect(key="{KEY}")'
    request = CompletionRequest(
        prefix=f'first = "{KEY}"\nx = ',
        suffix=f'\nlast = "{KEY}"',
        before=(Cell("code", code, f"token {KEY}"), Cell("markdown", f"The key is {KEY}.")),
        below=(Cell("code", code),),
        kernel=(
            KernelName(
                "f", "function", signature=f"(key={KEY!r})", doc=f"Key {KEY}", keys=("a", KEY)
            ),
        ),
        modules=(Excerpt("m.py", code),),
        files=(Excerpt("n.ipynb", code),),
    )
    found = mask_request(request, LIMIT)
    assert KEY not in repr(found.request)
    assert repr(found.request).count("<KEY>") == 11
    assert not found.at_cursor
    masked = found.request
    assert masked.prefix == 'first = "<KEY>"\nx = '
    assert masked.suffix == '\nlast = "<KEY>"'
    assert masked.before[0].source == masked.modules[0].text == 'client = connect(key="<KEY>")'


def test_a_request_without_secrets_stays_as_it_is() -> None:
    request = CompletionRequest(
        "df = pd.read_csv('a.csv')\ndf.",
        "\nplot()",
        before=(Cell("code", "import pandas as pd", "1 2"), Cell("markdown", "ada@example.com")),
        kernel=(KernelName("n", "int"),),
    )
    found = mask_request(request, LIMIT)
    assert found.request == request
    assert not found.at_cursor


def test_a_password_of_one_cell_is_masked_in_the_others() -> None:
    request = CompletionRequest(
        "login('ada', ",
        "",
        before=(Cell("code", f"password = '{PASSWORD}'"),),
        below=(Cell("markdown", f"Try {PASSWORD} first."),),
    )
    assert PASSWORD not in repr(mask(request))


@pytest.mark.parametrize("line", range(0, 60, 7))
def test_a_long_cell_is_masked_wherever_the_cursor_is(line: int) -> None:
    lines = [f"value_{n} = compute({n})" for n in range(60)]
    lines[12] = f'key = "{KEY}"'
    lines[40] = f"connect(password='{PASSWORD}')"
    cut = len("\n".join(lines[:line]))
    text = "\n".join(lines)
    masked = mask(CompletionRequest(text[:cut], text[cut:]))
    expected = text.replace(KEY, "<KEY>").replace(PASSWORD, "<PASSWORD>")
    assert masked.prefix + masked.suffix == expected


def test_addresses_stay() -> None:
    request = CompletionRequest("mail = 'ada@example.com'\nhost = '192.168.20.14'\n", "")
    assert mask(request) == request


@pytest.mark.parametrize("cut", [4, 10, 20])
def test_nothing_is_suggested_within_a_key(cut: int) -> None:
    text = f'key = "{KEY}"'
    place = text.index(KEY) + cut
    found = mask_request(CompletionRequest(text[:place], text[place:]), LIMIT)
    assert found.at_cursor
    assert KEY[:cut] not in found.request.prefix
    assert not found.request.suffix.startswith(KEY[cut:] or '"x')


def test_the_end_of_a_line_with_a_password_is_completed() -> None:
    found = mask_request(CompletionRequest(f"password = '{PASSWORD}'", ""), LIMIT)
    assert not found.at_cursor
    assert found.request.prefix == "password = '<PASSWORD>'"


def test_cells_that_no_prompt_has_are_left_out() -> None:
    cells = tuple(Cell("code", f"value_{n:04} = 1") for n in range(2000))
    found = mask_request(CompletionRequest("x", "", before=cells, below=cells), 1400)
    assert found.request.before == cells[-100:]
    assert found.request.below == cells[:100]


def test_cells_that_cannot_be_searched_are_left_out() -> None:
    cells = (Cell("code", "near"), Cell("code", f"x = '{KEY}' #" + "y" * 200_000))
    assert mask(CompletionRequest("x", "", before=cells)).before == cells[:1]


def test_a_large_cell_is_searched_around_the_cursor() -> None:
    filler = "value = compute(1)\n" * 100_000
    line = f"key = '{KEY}'\n"
    masked = mask(CompletionRequest(filler + line, line + filler))
    assert masked.prefix == filler + "key = '<KEY>'\n"
    assert masked.suffix == "key = '<KEY>'\n" + filler


@pytest.mark.parametrize(
    ("prefix", "text", "withheld"),
    [
        ("key = ", f'"{KEY}"', True),
        ('password = "', f'{PASSWORD}"', True),
        ("token = ", '"<KEY>"', True),
        ("token = ", 'os.environ["TOKEN"]', False),
        ("df = ", 'pd.read_csv("a.csv")', False),
        (f'key = "{KEY}"\nx = ', "1", False),
        (f'f("{KEY}", ', "1)", False),
    ],
)
def test_suggestions_with_secrets(prefix: str, text: str, withheld: bool) -> None:
    assert suggests_secret(prefix, text) is withheld


def test_no_key_reaches_the_engine_or_the_user(tmp_path: Path) -> None:
    script = {
        "answers": [
            {"after": 'key = "<KEY>"\nx = ', "text": "masked"},
            {"after": "token = ", "text": f'"{KEY}"'},
        ],
        "otherwise": "pass",
    }

    async def test(runtime: Runtime) -> None:
        assert runtime.completions is not None
        events = runtime.completions.events

        async def complete(request: CompletionRequest) -> list[Any]:
            return [event async for event in events(request, "")]

        *_, done = await complete(CompletionRequest(f'key = "{KEY}"\nx = ', ""))
        assert (done.text, done.finish_reason) == ("masked", "end")
        *texts, done = await complete(CompletionRequest("token = ", ""))
        assert (done.text, done.finish_reason) == ("", "secret")
        assert not any(KEY in text.text for text in texts)
        (done,) = await complete(CompletionRequest(f'key = "{KEY[:9]}', f'{KEY[9:]}"'))
        assert (done.finish_reason, done.prompt_tokens) == ("secret", 0)

    with_runtime(tmp_path, script, test)


def test_a_file_of_another_editor_is_masked_wherever_the_value_is() -> None:
    filler = "".join(f"value_{n} = compute({n})\n" for n in range(2_000))
    line = f'connect(user="ada", password="{PASSWORD}", key="{KEY}")\n'
    request = CompletionRequest(
        prefix=f"{line}{filler}{line}{filler}x = ",
        suffix=f"\n{line}{filler}{line}",
        before=(Cell("code", f"{filler}{line}"), Cell("code", line)),
    )
    masked = mask_file(request)
    assert KEY not in repr(masked)
    assert PASSWORD not in repr(masked)
    shown = 'connect(user="ada", password="<PASSWORD>", key="<KEY>")\n'
    assert masked.prefix == f"{shown}{filler}{shown}{filler}x = "
    assert masked.suffix == f"\n{shown}{filler}{shown}"
    assert [cell.source for cell in masked.before] == [f"{filler}{shown}", shown]
    assert masked.below == ()


def test_a_file_without_secrets_stays_as_it_is() -> None:
    request = CompletionRequest("import os\nos.", "\nprint()", before=(Cell("code", "x = 1"),))
    assert mask_file(request) == request
    assert mask_file(CompletionRequest("", "")) == CompletionRequest("", "")
