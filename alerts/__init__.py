"""Telling people by e-mail and webhook: what happened, and no channel can fail the desk."""
