"""Readers and writers, one file a source."""
