"""REST as programs meet it."""
