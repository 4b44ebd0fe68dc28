"""Tests mirror the rooms; each name is a sentence about behaviour."""
