"""This release's version: the one place where it is written (the package reads it from here)."""

__version__ = "0.1.0"
