"""Names of directories whose files are not the project's own."""

from __future__ import annotations

#: Directories of generated or third-party files.
VENDORED = frozenset(
    {
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "__pypackages__"),
        *("vendor", "vendored", "_vendor", "third_party", "third-party", "external", "extern"),
        *("build", "dist", ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", ".eggs"),
        *(".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        ".virtual_documents",
    }
)
