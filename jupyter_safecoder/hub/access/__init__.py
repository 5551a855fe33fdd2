"""Access control: authentication, policy, rate limits, namespaces of groups."""
