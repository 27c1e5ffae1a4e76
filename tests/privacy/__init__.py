"""Personal data in cookies."""
