"""Protection of messages in transit. Start at ``envelope``."""
