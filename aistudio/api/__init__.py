"""REST, thin: each endpoint calls one service function."""
