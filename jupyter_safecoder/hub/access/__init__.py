"""Who may do what: authentication, policy, rate limits."""
