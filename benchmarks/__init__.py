"""What swimtx costs and how it fares, measured."""
