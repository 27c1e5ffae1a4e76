"""Glue for frameworks: one small file each."""
