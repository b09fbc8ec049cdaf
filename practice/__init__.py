"""The practice's home on disk: the only place with state."""
