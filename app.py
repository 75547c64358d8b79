"""Settings → Studio → pages and API → serve."""
