"""The plain networks of Stable Diffusion in torch alone, named as in diffusers and transformers."""
