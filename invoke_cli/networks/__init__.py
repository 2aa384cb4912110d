"""The plain networks of Stable Diffusion in torch alone, named as in diffusers and transformers.

Each kind reads a config.json, and returns None for one that says anything it does not know, so that the
libraries' own classes can take over; `models.networks` does that.
"""
