"""Fixtures that every room may use."""
