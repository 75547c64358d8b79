"""Requests that must be refused."""
