"""The tests of swimtx."""
