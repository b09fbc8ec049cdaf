"""Readers, one file a format: bytes in, extracted reports out."""
