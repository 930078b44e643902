"""Tests of real processes under faults, on networks made of network namespaces."""
