"""Tests of what tells people: mail, and its outbox."""
