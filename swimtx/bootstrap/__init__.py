"""The well-known node that newcomers ask first."""

from swimtx.bootstrap.server import Bootstrap

__all__ = ["Bootstrap"]
