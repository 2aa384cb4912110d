"""How the embedded demo model was made: render, tokenise, train, export.

Run ``python -m training --help`` from the repository's root.
"""
