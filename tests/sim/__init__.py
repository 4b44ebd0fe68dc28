"""Whole engines on virtual time against a model venue that lies in every way a venue can."""
