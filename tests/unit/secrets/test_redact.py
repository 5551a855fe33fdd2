"""No secret of any kind reaches a sample; ordinary code stays as it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.samples import SampleBuilder
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.secrets import Secret, find_secrets, is_distinctive, redact
from tests.support.secret_cases import CASES, code_with_secret, value
from tests.support.team_notebooks import write_team


def forbidden(case: dict[str, Any]) -> list[str]:
    """Return what must be nowhere: the secret, and its parts where these stand apart."""
    return [value(case), *(case["secret"] if "{1}" in case["code"] else ())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_a_secret_in_code_is_replaced(case: dict[str, Any]) -> None:
    code = code_with_secret(case)
    redacted = redact(code, find_secrets(code, code=True))
    assert not [part for part in forbidden(case) if part in redacted]


@pytest.mark.parametrize(
    "code",
    [
        "password = getpass.getpass()",
        "token = response.json()['token']",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "model.generate(max_new_tokens=20, pad_token_id=0)",
        "frame.sort_values(key=lambda column: column.str.lower())",
        "y = X@W.T + b",
        "y = x@W.weight",
        "a = x[1:20:2, ::3]",
        "print(frame[1000::2000])",
        "print(numpy.__version__, '1.26.4')",
        "version = '1.2.3.4'",
        "!pip install foo==1.2.3.4",
        "url = 'https://example.org/data/2024/archive.tar.gz'",
        "RandomForestClassifier(n_estimators=100, min_samples_leaf=5)",
        "app.run(host='127.0.0.1')",
        "secret = os.environ['APP_SECRET']",
        "password = keyring.get_password('service', 'anna')",
        "engine = create_engine(f'postgresql://{user}:{password}@{host}/db')",
        "url = 'postgresql://user:%s@host' % password",
        "password_label = 'Enter your password'",
        "token_url = 'https://auth.example.org/oauth/token'",
        "parser.add_argument('--password', help='the password of the database')",
        "# fixed in commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "AutoModel.from_pretrained('x/y', revision='9f86d081884c7d659a2feaa0c55ad015a3bf4f1b')",
        "!pip install git+https://github.com/a/b@9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "assert sha256(data) == 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "!git clone git@github.com:team/repo.git",
        "html = '<img src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNby\">'",
        "token_counts = Counter(word_tokenize('a b'))",
        "special = {'pad_token': '<pad>', 'eos_token': '</s>'}",
        "df['pass_rate'] = 'high'",
        "compass = 'north'",
        "titanic['Passenger'] = 'Allison'",
        "path = '/home/a/data/experiment_2024_03_run12_lr0001_bs32_seed42/model.pt'",
        "model = 'meta-llama/Llama-2-70b-chat-hf-Q4_K_M-GGUF-v1'",
        "dna = 'ACGTACGTTAGCCATGACGTACGTTAGCCATG'",
        "x = datetime.fromisoformat('2024-01-15T10:30:00.123456+00:00')",
        "a_rather_long_name_of_2024_with_the_outliers_removed_v2 = 1",
    ],
)
def test_ordinary_code_stays(code: str) -> None:
    assert redact(code, find_secrets(code, code=True)) == code


@pytest.mark.parametrize(
    "output",
    [
        "array([[ 1.76405235,  0.40015721],\n       [ 2.2408932 ,  1.86755799]])",
        "1.23456789e-01 9.87654321e+02",
        "<Axes: title={'center': 'a'}> at 0x7f9c2c0d5e50",
        "    token  count\n0     the     12",
        "Password policy: at least 8 characters",
        "The secret is to use more data.",
        "numpy 1.26.4.post1",
    ],
)
def test_ordinary_outputs_stay(output: str) -> None:
    assert redact(output, find_secrets(output, code=False)) == output


@pytest.mark.parametrize(
    "words",
    [
        "Login: anna / password: nachtigall",
        "The password is nachtigall.",
        "* Passwort: `nachtigall`",
        "**Password:** nachtigall",
        "| user | password |\n|---|---|\n| anna | nachtigall |",
        "   user    password\n0  anna  nachtigall",
        "DB_PASSWORD=nachtigall\nHOME=/root",
        "{'user': 'anna', 'password': 'nachtigall'}",
    ],
)
def test_a_password_in_words_and_outputs_is_replaced(words: str) -> None:
    assert "nachtigall" not in redact(words, find_secrets(words, code=False))


@pytest.mark.parametrize("run", ["a", "pass", " ", "a.", "1:", "a@", "-", "_", "/", "'", "curl "])
def test_long_runs_are_searched_in_seconds(run: str) -> None:
    text = "password" + run * (100_000 // len(run))
    started = time.process_time()
    find_secrets(text, code=False)
    assert time.process_time() - started < 1.25


def test_no_planted_secret_reaches_a_sample(tmp_path: Path) -> None:
    team = write_team(tmp_path / "team")
    for number, case in enumerate(CASES):
        secret, code = value(case), code_with_secret(case)
        # Apart from the secret they have little in common, or they would count as duplicates.
        word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:02d}")
        own = "\n".join(f"{word}_{a} = b{word}.c{a}(d{word}, e{a})" for a in "klmnopqrst")
        notebook = new_notebook(
            cells=[
                new_markdown_cell(
                    f"The password: {secret} was given to us." if number % 2 else "#"
                ),
                new_code_cell(code if code.startswith("%%") else f"step_{number} = 1\n{code}"),
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
    model = resolve_model(EMBEDDED)
    tokenizer = FileTokenizer(model.tokenizer)
    builder = SampleBuilder(model, tokenizer, Recipe())
    for document in (*corpus.train, *corpus.held_out):
        for epoch in range(2):
            for sample in builder.samples(document, Random(epoch)):
                texts.append(tokenizer.decode(sample.ids))
    together = "\n".join(texts)
    leaked = [
        (case["kind"], part) for case in CASES for part in forbidden(case) if part in together
    ]
    assert leaked == [], repr(leaked)
    report = json.dumps(corpus.report())
    assert not any(json.dumps(value(case))[1:-1] in report for case in CASES)
    named = {(Path(place.path).name, place.cell) for place in corpus.secrets}
    assert not corpus.left_out
    assert {(f"planted-{number}.ipynb", 1) for number in range(len(CASES))} <= named


def test_the_longest_secret_is_replaced_first() -> None:
    secrets = [Secret("birne", "password", "<PASSWORD>"), Secret("birnenmus", "password", "<KEY>")]
    text = "a = 'birnenmus'; b = 'birne'; c = birnensaft"
    ordered = sorted(secrets, key=lambda one: -len(one.value))
    assert redact(text, ordered) == "a = '<KEY>'; b = '<PASSWORD>'; c = birnensaft"


@pytest.mark.parametrize(
    ("value", "distinctive"),
    [
        *(("nachtigall7", True), ("kP#xq-Lz", True), ("xKfQvBzRtWjM", True)),
        *(("abc", False), ("Password", False), ("nachtigall", False), ("import", False)),
    ],
)
def test_what_is_replaced_in_other_documents_too(value: str, distinctive: bool) -> None:
    assert is_distinctive(Secret(value, "password")) is distinctive
