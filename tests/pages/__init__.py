"""Pages as NiceGUI's simulated user sees them."""
