"""The bootstrap node: a seed that is no member, and tells newcomers the members that joined last.
Start at ``server``.
"""

from swimtx.bootstrap.server import Bootstrap, BootstrapService

__all__ = ["Bootstrap", "BootstrapService"]
