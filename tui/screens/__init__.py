"""One file per screen and dialog: each renders a board and asks, and holds no truth."""
