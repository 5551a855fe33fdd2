"""What a policy excludes goes into no adapter of the group."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.training.exclusions import allowed_submission
from jupyter_safecoder.hub.training.submission import JobSubmission
from jupyter_safecoder.protocol import Cell

PATHS = Grant(exclude_paths=("finance/*", "*/patients/*"))


def document(*sources: str, output: str = "") -> Document:
    cells = tuple(Cell("code", source, output) for source in sources)
    return Document("x", cells, tuple(range(len(cells))), "python", notebook=True)


OTHER = document("a = 1")


def test_nothing_is_excluded_without_exclusions() -> None:
    sent = JobSubmission("ours", {}, [OTHER], None)
    allowed = allowed_submission(sent, Grant())
    assert allowed.submission == sent
    assert (allowed.excluded_documents, allowed.excluded_cells) == (0, 0)


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("/home/ada/finance/a.ipynb", True),
        ("/home/ada/study/FINANCE/deep/er/a.ipynb", True),
        ("/srv/patients/a.py", True),
        ("C:\\Users\\ada\\finance\\a.ipynb", True),
        ("/home/ada/../finance/./a.ipynb", True),
        ("/home/ada/finances/a.ipynb", False),
        ("/home/ada/finance.ipynb", False),
        ("/" + "a/" * 100 + "x.ipynb", True),  # too deep to compare
    ],
)
def test_documents_are_excluded_by_their_paths(path: str, excluded: bool) -> None:
    sent = JobSubmission("ours", {}, [OTHER, OTHER], [["/home/ada/b.py"], ["/x.py", path]])
    allowed = allowed_submission(sent, PATHS)
    assert allowed.excluded_documents == excluded
    assert len(allowed.submission.documents) == 2 - excluded
    # Paths go no further.
    assert allowed.submission.paths is None


def test_where_paths_are_excluded_they_must_be_sent() -> None:
    with pytest.raises(FinetuneError, match="excludes paths, and your server sends none"):
        allowed_submission(JobSubmission("ours", {}, [OTHER]), PATHS)


def test_cells_are_excluded_by_their_text() -> None:
    grant = Grant(exclude_text=("Project Raven",))
    documents = [
        document("a = 1", "# project raven", "b = 2"),
        document("c = 3", output="project\u00ad RAVEN"),
        OTHER,
    ]
    allowed = allowed_submission(JobSubmission("ours", {}, documents), grant)
    first, second = allowed.submission.documents
    assert [cell.source for cell in first.cells] == ["a = 1", "b = 2"]
    assert first.numbers == (0, 2)
    assert second == OTHER
    assert (allowed.excluded_documents, allowed.excluded_cells) == (1, 1)


def test_nothing_that_is_left_is_an_error() -> None:
    sent = JobSubmission("ours", {}, [OTHER], [["/finance/a.py"]])
    with pytest.raises(FinetuneError, match="excludes all of these files"):
        allowed_submission(sent, PATHS)
