"""Files of history: venues' own exports and the plain format, as fills and movements."""
