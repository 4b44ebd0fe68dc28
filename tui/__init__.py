"""The console: it renders a board and asks the desk; it holds no truth."""
