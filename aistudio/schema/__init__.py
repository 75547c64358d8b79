"""What things are: pydantic models only. No I/O, no torch, no NiceGUI."""
