"""AI Studio: train image models on a GPU server without writing code."""

__version__ = "0.1.0"
