"""Planted secrets are where their spans say."""

from __future__ import annotations

import pytest

from benchmarks.secrets.forms import DERIVED, FRESH, HELD_OUT, planted_notebooks


@pytest.mark.parametrize("file", [DERIVED, HELD_OUT, FRESH])
def test_spans_are_those_of_the_secrets(file: str) -> None:
    once, again = (list(planted_notebooks(file, 1, 3)) for _ in range(2))
    assert once == again
    assert once != list(planted_notebooks(file, 1, 4))
    for notebook in once:
        assert notebook.secrets
        for secret in notebook.secrets:
            assert secret.spans
            for cell, line, start, end in secret.spans:
                both = notebook.cells[cell]
                text = (both.source.split("\n") + both.output.split("\n"))[line - 1]
                assert 0 <= start < end <= len(text)


def test_there_are_enough_secrets_of_enough_kinds() -> None:
    secrets = [secret for one in planted_notebooks(DERIVED, 5, 0) for secret in one.secrets]
    assert len(secrets) >= 600
    assert len({secret.kind for secret in secrets}) >= 40
