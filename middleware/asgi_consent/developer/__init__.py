"""For developers on their own machine: what was done to a page, and why."""
