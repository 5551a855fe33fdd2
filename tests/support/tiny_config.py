"""The configuration of a model that trains in seconds."""

GROUPED = {
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 2048,
    "vocab_size": 49152,
    "initializer_range": 0.2,
}
