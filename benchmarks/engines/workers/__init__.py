"""Workers: programs that run one engine, of this package or a baseline, see ``serve.py``.

A worker runs in the environment of its engine. So only ``own_engine.py`` imports this package, and
the modules import nothing but the standard library at the top.
"""
