"""Speed, printed as figures and ratios of one run; `pytest tests/benchmarks -m slow -s`."""
