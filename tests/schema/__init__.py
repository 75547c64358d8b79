"""What things are, and what is said when a value is wrong."""
