"""A member as a process of its own: the service, its control port, and where that is found."""
