"""How each task is trained: one file each."""
