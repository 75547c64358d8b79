"""The only code that knows where files are."""
