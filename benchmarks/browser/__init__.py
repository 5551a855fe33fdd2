"""Measures completions as users get them: keys in JupyterLab in Chromium."""
