"""The terminal: the editor at the prompt, the commands, and what is printed."""
