"""swimtx: group membership and failure detection for Twisted, by the SWIM protocol."""

__version__ = "0.1.0"
