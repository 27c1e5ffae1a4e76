"""What a run is told in: for people on a terminal or in a browser, and for machines."""
