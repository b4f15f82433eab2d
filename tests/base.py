"""The cast and the props that many tests share."""
