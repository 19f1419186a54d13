"""20 October 2025 in us-east-1: what is published, a mechanism, what can be fitted to it, and what would have changed the day."""
