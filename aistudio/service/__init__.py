"""Rules as plain functions of a Studio, used alike by pages, REST, command line and notebooks."""
