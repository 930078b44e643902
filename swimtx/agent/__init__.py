"""The agent: a member run as a process of its own, and the control port that commands it."""
