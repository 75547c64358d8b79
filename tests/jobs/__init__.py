"""Processes: queued, launched, followed, judged."""
