"""The version: a leaf, so that what is recorded can name it."""

__version__ = "0.1.0"
SOFTWARE = f"asgi-consent/{__version__}"
