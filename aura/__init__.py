"""Aura: a local image studio that fits the memory a person has."""

__version__ = "0.1.0"
