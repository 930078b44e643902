"""Stories: whole groups of real members in virtual time, and what becomes of them."""
