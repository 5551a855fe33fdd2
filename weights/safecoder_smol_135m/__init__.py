"""The weights of safecoder-smol-135m, the model that ships with jupyter_safecoder. No code."""
