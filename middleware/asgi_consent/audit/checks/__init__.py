"""The checks of verify: small functions from evidence to a result, and the table of them."""
