"""Ways to start a job: each has `launch` and `alive`."""
