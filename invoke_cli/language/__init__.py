"""The language of a prompt line: text to `Request` and back. Standard library only."""
