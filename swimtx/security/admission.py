"""Which addresses may speak to this member at all. Here: every address."""

from __future__ import annotations

import attrs
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.interfaces import IAdmission, IJournal


@implementer(IAdmission)
@attrs.define(eq=False)
class AdmitAll:
    """Admits every address.

    @param journal: where a refusal would be noted.
    """

    _journal: IJournal

    def admits(self, address: Address) -> bool:
        """Always."""
        return True
