"""Programs that run one engine, ours or a peer's, for a benchmark; see ``serve.py``.

They run in the environment of the engine that they drive, so nothing here but ``own_engine.py``
imports this product, and only what every Python has is imported at the top.
"""
