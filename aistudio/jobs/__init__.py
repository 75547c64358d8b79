"""Processes: start them, watch them, judge them."""
