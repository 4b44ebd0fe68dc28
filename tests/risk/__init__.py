"""Tests of the risk room."""
