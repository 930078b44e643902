"""Seeds, the members that a newcomer asks first: from the texts that people type to addresses.
Start at ``seeds``.
"""

from swimtx.discovery.seed import DEFAULT_PORT, Seed, parse_seed
from swimtx.discovery.seeds import Seeds, StaticSeeds, as_seeds

__all__ = ["DEFAULT_PORT", "Seed", "Seeds", "StaticSeeds", "as_seeds", "parse_seed"]
