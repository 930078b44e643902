"""The bootstrap node: a seed that is no member, and tells newcomers the members that joined last.
Start at ``server``.
"""

from swimtx.bootstrap.server import Bootstrap

__all__ = ["Bootstrap"]
