"""Raw headers and body codings: bytes in, bytes out, no framework in between."""
