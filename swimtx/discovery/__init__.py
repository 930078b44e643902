"""Where a newcomer may ask: from what people type to addresses."""

from swimtx.discovery.seed import DEFAULT_PORT, Seed, parse_seed
from swimtx.discovery.seeds import Seeds, StaticSeeds

__all__ = ["DEFAULT_PORT", "Seed", "Seeds", "StaticSeeds", "parse_seed"]
