"""Streaming, byte-faithful rewriting of HTML: bytes in, bytes out, nothing else touched."""
