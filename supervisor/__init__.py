"""Starts the panel's processes on one machine and keeps them running. Knows no Django."""
