"""Importers: one file for each way of laying out a data set."""
