"""The pages: one file each, with `create(studio)`."""
