"""Transforms of images: one class each, in a file for each kind."""
