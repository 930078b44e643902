"""Stories: tests of whole groups of real members in virtual time."""
