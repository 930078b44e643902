"""Real processes on real networks of our own, in which something is wrong."""
