"""A camera maker's site with everything a real one has, and its own world of third parties."""
