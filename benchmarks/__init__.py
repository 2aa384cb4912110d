"""How fast the program is, beside what people would run instead. `python -m benchmarks --help` tells more."""
