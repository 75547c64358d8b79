"""The product in real Chromium, as a user has it."""
