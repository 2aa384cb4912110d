"""Commands that begin with an exclamation mark."""
