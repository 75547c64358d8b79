"""The rules, as pages, REST and the command line meet them."""
