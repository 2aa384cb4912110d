"""An interactive shell for Stable Diffusion, above all for image-to-image."""

__version__ = "0.1.0"
