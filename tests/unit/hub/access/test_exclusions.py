"""What a policy excludes is excluded however it is written."""

from __future__ import annotations

import pytest

from jupyter_safecoder.hub.access.exclusions import contains_text, matches_path


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*/patients/*", "patients/a.ipynb"),
        ("*/patients/*", "/patients/a.ipynb"),
        ("*/patients/*", "work/patients/2026/a.ipynb"),
        ("*/patients/*", "RTC:patients/a.ipynb"),
        ("patients/*", "patients/a.ipynb"),
        ("patients/*", "S3:patients/a.ipynb"),
        ("/patients/*", "patients/a.ipynb"),
        ("/patients/*", "//patients/a.ipynb"),
        ("patients/*", "./patients/a.ipynb"),
        ("patients/*", "work/../patients/a.ipynb"),
        ("patients/*", "patients//a.ipynb"),
        ("patients/*", "Patients\\a.ipynb"),
        ("größe/*", "Gro\u0308ße/a.ipynb"),
        ("a:b.ipynb", "a:b.ipynb"),
    ],
)
def test_a_path_is_matched_however_it_is_written(pattern: str, path: str) -> None:
    assert matches_path(path, ("other/*", pattern))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*/patients/*", "patients.ipynb"),
        ("*/patients/*", "outpatients/a.ipynb"),
        ("patients/*", "work/patients/a.ipynb"),
        ("patients/*", ""),
    ],
)
def test_other_paths_are_not_matched(pattern: str, path: str) -> None:
    assert not matches_path(path, (pattern,))
    assert not matches_path(path, ())


@pytest.mark.parametrize(
    "text",
    [
        "strictly confidential",
        "CONFIDENTIAL",
        "con\u00adfi\u200bdential",
        "\uff23onfidential",
        "\U0001d450onfidential",
        "ﬁ: conﬁdential",
    ],
)
def test_a_text_is_found_in_any_form(text: str) -> None:
    assert contains_text(f"# {text} data", ("secret", "Confidential"))
    assert not contains_text(f"# {text} data", ("public",))
    assert not contains_text(text, ())


def test_an_excluded_text_may_have_any_form_itself() -> None:
    assert contains_text("STRASSE", ("straße",))
    assert contains_text("straße", ("STRASSE",))
