"""Notebooks without a secret: code of installed packages, and text that resembles secrets."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from string import ascii_letters
from typing import Literal

from jupyter_safecoder.protocol import Cell

PACKAGES = ("IPython", "jupyter_server", "matplotlib", "nbformat", "numpy", "pandas", "tornado")
#: The share of the lines that is generated.
_GENERATED = 0.25
_MAX_CELL_LINES = 30
_MAX_FILE_LINES = 1500
_WORDS = (
    *(
        "mean",
        "rolling",
        "window",
        "batch",
        "encoder",
        "linear",
        "forecast",
        "population",
        "voltage",
    ),
    *(
        "temperature",
        "cluster",
        "residual",
        "kernel",
        "gradient",
        "attention",
        "pressure",
        "sample",
    ),
    *(
        "baseline",
        "quarter",
        "station",
        "velocity",
        "density",
        "spectrum",
        "patient",
        "transformer",
    ),
)


def innocent_notebooks(seed: int, lines: int) -> Iterator[tuple[Cell, ...]]:
    """Yield notebooks that hold no secret, until they have a number of lines.

    Parameters
    ----------
    seed
        Of the choice of files, and of what is generated.
    lines
        Number of lines; a quarter of them is generated.
    """
    random = Random(seed)  # noqa: S311 - made up
    remaining = lines * _GENERATED
    while remaining > 0:
        cells = tuple(_look_alike(random) for _ in range(12))
        remaining -= _number_of_lines(cells)
        yield cells
    files = _files()
    random.shuffle(files)
    remaining = lines * (1 - _GENERATED)
    for path in files:
        if cells := _cells_of(path):
            remaining -= _number_of_lines(cells)
            yield cells
        if remaining <= 0:
            return


def _number_of_lines(cells: tuple[Cell, ...]) -> int:
    return sum(1 + cell.source.count("\n") for cell in cells)


def _files() -> list[Path]:
    roots = [Path(sysconfig.get_paths()["stdlib"])]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        roots += [Path(one) for one in (spec.submodule_search_locations or ())] if spec else []
    return [
        path
        for root in roots
        for path in sorted(root.rglob("*.py"))
        if not {"site-packages", "test", "tests"} & set(path.relative_to(root).parts)
    ]


def _cells_of(path: Path) -> tuple[Cell, ...]:
    """Return the statements of a module as cells of a notebook."""
    try:
        text = path.read_text("utf-8")
        stops = [statement.end_lineno or 0 for statement in ast.parse(text).body]
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return ()
    lines = text.split("\n")[:_MAX_FILE_LINES]
    cells, start, stop = [], 0, 0
    for following in [*stops, len(lines)]:
        if following - start > _MAX_CELL_LINES and stop > start:
            cells.append(Cell("code", "\n".join(lines[start:stop])))
            start = stop
        stop = following
    cells.append(Cell("code", "\n".join(lines[start:])))
    return tuple(cell for cell in cells if cell.source.strip())


def _look_alike(random: Random) -> Cell:
    kind, write = random.choice(_LOOK_ALIKES)
    return Cell(kind, "\n".join(write(random) for _ in range(random.randint(3, 12))))


def _hex(number: int, random: Random) -> str:
    return "".join(random.choices("0123456789abcdef", k=number))


def _uuid(random: Random) -> str:
    text = _hex(32, random)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _word(random: Random) -> str:
    return random.choice(_WORDS)


def _identifier(random: Random) -> str:
    words = random.choices(_WORDS, k=random.randint(2, 5))
    return random.choice(
        (
            "_".join(words),
            "".join(map(str.capitalize, words)),
            f"{'_'.join(words)}_{random.randint(1, 2030)}",
            f"{'-'.join(words)}-v{random.randint(1, 9)}.{random.randint(0, 9)}",
            f"{''.join(map(str.capitalize, words))}{random.randint(1, 64)}x{random.randint(1, 64)}",
        )
    )


def _path(random: Random) -> str:
    parts = [_identifier(random) for _ in range(random.randint(2, 4))]
    return random.choice(("/data/", "../", "C:\\\\", "s3://bucket/")) + "/".join(parts) + ".csv"


def _base64(number: int, random: Random) -> str:
    return base64.b64encode(random.randbytes(number)).decode()


def _table_row(random: Random) -> str:
    cells = [f"{random.gauss(0, 100):>12.6f}" for _ in range(5)]
    return f"{random.randint(0, 999):<4}{_word(random):>14}" + "".join(cells)


def _doi(random: Random) -> str:
    number = f"10.{random.randint(1000, 99999)}/{_word(random)}.{random.randint(1, 99999)}"
    return f"See [{_identifier(random)}](https://doi.org/{number}), {random.randint(1950, 2026)}."


def _sentence(random: Random) -> str:
    subject = random.choice(
        ("The password", "The token", "A secret", "Das Passwort", "Le mot de passe", "The API key")
    )
    predicate = random.choice(
        (
            "is stored in the keyring.",
            "must be longer than 12 characters.",
            "has to be changed every 90 days.",
            "wird beim Start abgefragt.",
            "is read from the environment variable DB_PASSWORD.",
            "policy changed in 2024.",
            "est demandé au démarrage.",
            "count grows with the length of the text.",
        )
    )
    return f"{subject} {predicate}"


def _harmless_code(random: Random) -> str:
    name = _identifier(random).replace("-", "_").replace(".", "_")
    return random.choice(
        (
            f"{name} = getpass.getpass('Password: ')",
            "password = os.environ['DB_PASSWORD']",
            f"tokens = tokenizer('{_word(random)}', max_length={random.randint(8, 512)})",
            f"api_key = keyring.get_password('{_word(random)}', user)",
            f"{name} = df.sort_values(key=lambda s: s.str.lower())",
            f"pad_token_id = {random.randint(0, 50000)}",
            f"df['{_word(random)}_key'] = df['{_word(random)}'].map('{{:05d}}'.format)",
            "token = response.json()['access_token']",
            "conn = connect(host=HOST, user=USER, password=PASSWORD)",
            f"session.auth = (os.environ['USER'], load_secret('{_word(random)}'))",
            f"parser.add_argument('--password', help='the password of {_word(random)}')",
        )
    )


_LOOK_ALIKES: tuple[tuple[Literal["code", "markdown"], Callable[[Random], str]], ...] = (
    ("code", lambda r: f"# fixed in commit {_hex(40, r)}"),
    ("code", lambda r: f"sha256 = '{hashlib.sha256(r.randbytes(9)).hexdigest()}'"),
    (
        "code",
        lambda r: f"!pip install {_word(r)}==1.{r.randint(0, 30)} --hash=sha256:{_hex(64, r)}",
    ),
    ("code", lambda r: f"registry['{_identifier(r)}.csv'] = 'md5:{_hex(32, r)}'"),
    ("code", lambda r: f"    '{_word(r)}.tar.gz': '{_hex(64, r)}',"),
    ("code", lambda r: f"run_id = '{_uuid(r)}'"),
    ("code", lambda r: f"client.get_dataset(dataset_id='{_uuid(r)}')"),
    ("markdown", lambda r: f"- experiment `{_uuid(r)}`: {_identifier(r)}"),
    ("markdown", lambda r: f"{_hex(7, r)} {_word(r)}: {_word(r)} the {_word(r)}"),
    ("markdown", lambda r: f"| {_word(r)} | {_hex(40, r)} | {r.randint(1, 999)} |"),
    ("markdown", lambda r: f"![{_word(r)}](data:image/png;base64,iVBORw0KGgo{_base64(60, r)})"),
    ("code", lambda r: f"html = '<img src=\"data:image/png;base64,{_base64(90, r)}\">'"),
    ("code", lambda r: f"    '{_base64(54, r)}'"),
    ("code", lambda r: f"{_identifier(r).replace('-', '_').replace('.', '_')} = {r.random():.8f}"),
    ("code", lambda r: f"df = pd.read_csv('{_path(r)}', usecols=['{_identifier(r)}'])"),
    ("code", lambda r: f"model = load('{_word(r)}/{_identifier(r)}')"),
    ("markdown", _doi),
    ("code", lambda r: f"palette = ['#{_hex(6, r)}', '#{_hex(6, r)}', '#{_hex(6, r)}']"),
    ("code", lambda r: f"seq = '{''.join(r.choices('ACGT', k=60))}'"),
    ("code", lambda r: f"protein = '{''.join(r.choices('ACDEFGHIKLMNPQRSTVWY', k=60))}'"),
    ("code", lambda r: f"plaintext = bytes.fromhex('{_hex(32, r)}')"),
    ("code", lambda r: f"assert digest(b'{_word(r)}') == '{_hex(64, r)}'"),
    (
        "code",
        lambda r: f"fmt = '%Y-%m-%dT%H:%M:%S.%fZ {{:>{r.randint(1, 30)}.{r.randint(1, 9)}f}}'",
    ),
    ("markdown", _table_row),
    ("markdown", _sentence),
    ("code", _harmless_code),
    (
        "markdown",
        lambda r: f"Epoch {r.randint(1, 99)}/99 - token_accuracy: {r.random():.4f}",
    ),
    (
        "code",
        lambda r: f"url = 'https://a.org/files/d/1{''.join(r.choices(ascii_letters, k=32))}/view'",
    ),
    (
        "code",
        lambda r: (
            f"inchikey = '{''.join(r.choices('ABCDEFGHIJKLMNOPQRSTUVWXYZ', k=14))}-UHFFFAOYSA-N'"
        ),
    ),
    (
        "markdown",
        lambda r: f"<Figure size {r.randint(100, 999)}x{r.randint(100, 999)}> at 0x7f{_hex(10, r)}",
    ),
    ("code", lambda r: f"x[{r.randint(1, 9)}:{r.randint(10, 99)}] = y @ W.{_word(r)}"),
    (
        "markdown",
        lambda r: f"{_identifier(r)}=={r.randint(0, 9)}.{r.randint(0, 30)}.post{r.randint(1, 9)}",
    ),
)
