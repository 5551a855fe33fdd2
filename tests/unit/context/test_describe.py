"""What tasks carry as files, described as a server describes a project."""

from __future__ import annotations

import json

from jupyter_safecoder.context.describe import describe_files, lines_at_hand, without_secrets

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "metadata": {},
            "source": ["tariff = gk.read_tariff(zone)\n", "cost = tariff.cost(kwh)"],
        }
    ],
    "metadata": {},
}
FILES = [
    {"path": "gridkit.py", "source": "def read_tariff(zone):\n    pass\n"},
    {"path": "../lib/tools.py", "source": "def tool(): pass\n"},
    {"path": "other.ipynb", "source": json.dumps(NOTEBOOK)},
    {"path": "old.py", "source": "tariff = read_tariff(zone, kwh)\nprint(tariff, cost)\n"},
    {"path": "data.csv", "source": "tariff,zone,kwh,cost"},
    {"path": "broken.py", "source": "def f(:"},
]


def test_modules_and_snippets() -> None:
    cells = ["import gridkit as gk\nimport broken", "from ..lib import tools"]
    modules, snippets = describe_files(cells, "cost = gk.read_tariff(zone).cost(kwh", FILES)
    assert [(one.path, one.text) for one in modules] == [
        ("gridkit.py", "def read_tariff(zone): ...\n"),
        ("../lib/tools.py", "def tool(): ...\n"),
    ]
    assert [one.path for one in snippets] == ["other.ipynb", "old.py"]
    assert "tariff.cost(kwh)" in snippets[0].text


def test_it_is_deterministic() -> None:
    cells = ["import gridkit as gk"]
    first = describe_files(cells, "cost = tariff", FILES)
    assert all(describe_files(cells, "cost = tariff", FILES) == first for _ in range(3))


def test_a_notebook_without_files() -> None:
    assert describe_files(["import numpy"], "x", []) == ([], [])
    assert describe_files([], "", FILES)[0] == []


def test_secrets_of_files_are_replaced() -> None:
    files = [
        {"path": "db.py", "source": 'def f():\n    """Use AKIAIOSFODNN7EXAMPLE here."""\n'},
        {
            "path": "old.py",
            "source": 'connection = connect(host, user, password="Zx81-kPq77")\n'
            "rows = read(connection)",
        },
    ]
    cells = ["import db"]
    modules, snippets = describe_files(cells, "rows = connect(host, user, connection", files)
    text = modules[0].text + snippets[0].text
    assert "AKIAIOSFODNN7EXAMPLE" not in text
    assert "Zx81-kPq77" not in text
    assert "connect(host, user, password=" in text
    assert without_secrets("x = 1") == "x = 1"


def test_the_lines_at_hand() -> None:
    above = "\n\n".join(f"a{n}" for n in range(30))
    assert lines_at_hand([above], "b\n\nc") == [*(f"a{n}" for n in range(12, 30)), "b", "c"]
    assert lines_at_hand(["a", "b"], "") == ["a", "b"]
    long = "\n".join(f"c{n}" for n in range(50))
    assert lines_at_hand(["a"], long) == long.split("\n")
