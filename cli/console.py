"""The console (placeholder)."""
