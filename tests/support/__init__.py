"""What several tests share: processes, servers, notebooks, tiny models."""
