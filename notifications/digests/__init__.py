"""Completions that are told of together: collected when they come in, told when their time has come."""
