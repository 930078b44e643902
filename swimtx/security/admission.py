"""The admission that reads messages from all addresses."""

from __future__ import annotations

import attrs
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.interfaces import IAdmission, IJournal


@implementer(IAdmission)
@attrs.define(eq=False)
class AdmitAll:
    """Admits every address.

    @param journal: for the refusals of subclasses; this class refuses no address.
    """

    _journal: IJournal

    def admits(self, address: Address) -> bool:
        """Return C{True}."""
        return True
