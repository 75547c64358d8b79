"""The parts of the README that are made from the code: tables and pictures."""
