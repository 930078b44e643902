"""The doors to the network."""
