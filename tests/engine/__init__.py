"""Training itself: tiny models on the CPU."""
