"""The source of the probe."""

from __future__ import annotations

from importlib.resources import files


def probe_source() -> str:
    """Return Python that defines ``describe_names(namespace, names, members_of)``."""
    folder = files("jupyter_safecoder.context")
    tables, probe = (
        folder.joinpath(name).read_text("utf-8") for name in ("kernel_tables.py", "kernel_probe.py")
    )
    return (
        f"tables, probe = {{'__name__': 'safecoder_tables'}}, {{'__name__': 'safecoder_probe'}}\n"
        f"exec({tables!r}, tables)\nexec({probe!r}, probe)\n"
        "def describe_names(namespace, names, members_of):\n"
        "    table = tables['describe_table']\n"
        "    return probe['describe_names'](namespace, names, members_of, table)\n"
    )
