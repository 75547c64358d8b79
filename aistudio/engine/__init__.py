"""The worker: the only code that imports torch."""
