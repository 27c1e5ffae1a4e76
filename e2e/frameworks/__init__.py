"""The same small site in each framework, with what the framework itself brings for it."""
