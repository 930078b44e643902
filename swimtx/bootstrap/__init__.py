"""The well-known node that newcomers ask first."""

from swimtx.bootstrap.well_known import Bootstrap

__all__ = ["Bootstrap"]
