"""Tests of the doors to the network."""
