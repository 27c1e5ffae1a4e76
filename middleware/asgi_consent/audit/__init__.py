"""Proof: the clauses a policy claims, and the browsers that check them."""
