"""The core: schedules, samplers, denoisers, generation. No files, no terminal, no switches."""
