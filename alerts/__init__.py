"""Telling people: e-mail now; each channel says what happened, and none can fail the desk."""
