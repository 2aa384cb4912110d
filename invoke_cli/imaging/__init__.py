"""Pictures: opening, fitting, masks, sheets, metadata. Pillow and NumPy, no torch."""
