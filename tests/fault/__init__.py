"""Faults on purpose: kills, full disks and power cuts, and what must survive them."""
