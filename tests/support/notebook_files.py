"""Notebook files to complete in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_notebook(path: Path, *cells: tuple[str, str], **metadata: Any) -> Path:
    """Write a notebook of (type, source) cells."""
    found = []
    for number, (kind, source) in enumerate(cells):
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"c{number}",
            "metadata": {},
            "source": source,
        }
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        found.append(cell)
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": found}
    path.write_text(json.dumps(notebook), "utf-8")
    return path
