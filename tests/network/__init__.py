"""Real caches and load balancers in front of the app; `make network` installs and runs them."""
