"""Files on disk: atomic, leased, indexed."""
