"""Files: written whole or not at all, locked among processes, in TOML, in Python's encodings."""

from .atomic import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    PUBLIC_DIRECTORY,
    PUBLIC_FILE,
    atomic_directory,
    atomic_write,
    create_private_files,
    file_lock,
    make_directory,
    make_private_directory,
    write_text,
)

__all__ = [
    "PRIVATE_DIRECTORY",
    "PRIVATE_FILE",
    "PUBLIC_DIRECTORY",
    "PUBLIC_FILE",
    "atomic_directory",
    "atomic_write",
    "create_private_files",
    "file_lock",
    "make_directory",
    "make_private_directory",
    "write_text",
]
