"""No secret of any kind reaches a sample; ordinary code stays as it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from team_notebooks import write_team

from jupyter_safecoder.finetune.corpus import build_corpus
from jupyter_safecoder.finetune.redaction import find_secrets, redact
from jupyter_safecoder.finetune.samples import SampleBuilder
from jupyter_safecoder.models import EMBEDDED, find_model
from jupyter_safecoder.models.tokenizer import FileTokenizer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "secrets.toml").read_text("utf-8")
)["case"]


def value(case: dict[str, Any]) -> str:
    return "".join(case["secret"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_a_secret_in_code_is_replaced(case: dict[str, Any]) -> None:
    code = case["code"].replace("{}", value(case))
    found = find_secrets(code, code=True)
    assert value(case) not in redact(code, found)


@pytest.mark.parametrize(
    "code",
    [
        "password = getpass.getpass()",
        "token = response.json()['token']",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "model.generate(max_new_tokens=20, pad_token_id=0)",
        "frame.sort_values(key=lambda column: column.str.lower())",
        "y = X@W.T + b",
        "a = x[1:20:2, ::3]",
        "print(numpy.__version__, '1.26.4')",
        "url = 'https://example.org/data/2024/archive.tar.gz'",
        "RandomForestClassifier(n_estimators=100, min_samples_leaf=5)",
        "app.run(host='127.0.0.1')",
        "secret = os.environ['APP_SECRET']",
    ],
)
def test_ordinary_code_stays(code: str) -> None:
    assert redact(code, find_secrets(code, code=True)) == code


def test_no_planted_secret_reaches_a_sample(tmp_path: Path) -> None:
    team = write_team(tmp_path / "team")
    for number, case in enumerate(CASES):
        secret = value(case)
        # Apart from the secret they have little in common, or they would count as duplicates.
        word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:02d}")
        own = "\n".join(f"{word}_{a} = b{word}.c{a}(d{word}, e{a})" for a in "klmnopqrst")
        notebook = new_notebook(
            cells=[
                new_markdown_cell(
                    f"The password: {secret} was given to us." if number % 2 else "#"
                ),
                new_code_cell(f"step_{number} = {number}\n" + case["code"].replace("{}", secret)),
                new_code_cell(
                    f"print(step_{number}, 'done')",
                    outputs=[new_output("stream", text=f"used '{secret}' here\n")],
                ),
                new_code_cell(f"result_{number} = finish(step_{number}, '{secret}')"),
                new_code_cell(own),
            ],
            metadata={"language_info": {"name": "python"}},
        )
        nbformat.write(notebook, team / f"planted-{number}.ipynb")
    corpus = build_corpus([team])
    texts = [
        text
        for document in (*corpus.train, *corpus.held_out)
        for cell in document.cells
        for text in (cell.source, cell.output)
    ]
    model = find_model(EMBEDDED)
    tokenizer = FileTokenizer(model.tokenizer)
    builder = SampleBuilder(model, tokenizer)
    for document in (*corpus.train, *corpus.held_out):
        for epoch in range(2):
            for sample in builder.samples(document, Random(epoch)):
                texts.append(tokenizer.decode(sample.ids))
    together = "\n".join(texts)
    leaked = [case["kind"] for case in CASES if value(case) in together]
    assert leaked == []
    report = json.dumps(corpus.report())
    assert not any(json.dumps(value(case))[1:-1] in report for case in CASES)
    named = {(Path(place.path).name, place.cell) for place in corpus.secrets}
    assert not corpus.left_out
    assert {(f"planted-{number}.ipynb", 1) for number in range(len(CASES))} <= named
