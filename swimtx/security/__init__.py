"""What protects messages on their way. Start at ``envelope``."""
