"""Reading a file of each format, compared with what the standard library needs to decode the same file."""
