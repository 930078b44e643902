"""Estimates with 95 % confidence intervals.

Means, medians and quantiles have a percentile bootstrap. Rates are resampled run by run, since
events of one run come in bursts. Zero events in n tries give the upper bound 3/n, not a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, median

_WORK = 400_000  # the most numbers that one bootstrap draws
_FEWEST, _MOST = 200, 2000  # resamples
_LOW, _HIGH = 0.025, 0.975
_ENOUGH_RUNS = 5  # runs; with fewer, rates are not resampled


@dataclass(frozen=True)
class Estimate:
    """A value and its confidence interval.

    @ivar count: the number of observations behind it; of a rate, the number of events.
    @ivar bound: whether no event was seen at all, so that only C{high} is known.
    """

    value: float
    low: float
    high: float
    count: int
    bound: bool = False

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "none"
        if self.bound:
            return f"none seen, below {self.high:.3g}"
        if self.low == self.high:
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
"""The estimate without any observation."""


def exact(value: float) -> Estimate:
    """An estimate of a computed value, without sampling error."""
    return Estimate(value, value, value, 1)


def bootstrap(
    samples: Sequence[float], statistic: Callable[[Sequence[float]], float], seed: object = 0
) -> Estimate:
    """A statistic of independent observations; L{NOTHING} if there are none.

    @param seed: of the resampling: the same seed gives the same interval.
    """
    if not samples:
        return NOTHING
    value = statistic(samples)
    if len(samples) < 2:
        return Estimate(value, value, value, 1)
    chance = Random(f"bootstrap/{seed}")
    resamples = max(_FEWEST, min(_MOST, _WORK // len(samples)))
    drawn = sorted(statistic(chance.choices(samples, k=len(samples))) for _ in range(resamples))
    return Estimate(value, quantile(drawn, _LOW), quantile(drawn, _HIGH), len(samples))


def mean_of(samples: Sequence[float]) -> Estimate:
    """The mean, with a bootstrap interval."""
    return bootstrap(samples, fmean)


def median_of(samples: Sequence[float]) -> Estimate:
    """The median, with a bootstrap interval."""
    return bootstrap(samples, median)


def quantile_of(samples: Sequence[float], share: float) -> Estimate:
    """A quantile, with a bootstrap interval; it needs several times 1/(1-share) samples."""
    return bootstrap(samples, lambda drawn: quantile(sorted(drawn), share))


def share_of(successes: int, tries: int) -> Estimate:
    """The share of successes (Wilson's interval); without any success, 3/n is the bound."""
    if not tries:
        return NOTHING
    if not successes:
        return Estimate(0.0, 0.0, min(1.0, 3 / tries), tries, bound=True)
    z, share = 1.96, successes / tries
    middle = share + z * z / (2 * tries)
    wide = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    scale = 1 + z * z / tries
    return Estimate(share, (middle - wide) / scale, min(1.0, (middle + wide) / scale), tries)


def rate_of(runs: Sequence[tuple[float, float]]) -> Estimate:
    """Events per exposure, from the events and the exposure of each run.

    Fewer than five runs are taken for a Poisson process (Byar's interval); that interval is too
    narrow when events come in bursts.
    """
    events = sum(run[0] for run in runs)
    exposure = sum(run[1] for run in runs)
    if exposure <= 0:
        return NOTHING
    if not events:
        return Estimate(0.0, 0.0, 3 / exposure, 0, bound=True)
    value = events / exposure
    if len(runs) < _ENOUGH_RUNS:
        low = events * (1 - 1 / (9 * events) - 1.96 / (3 * math.sqrt(events))) ** 3
        more = events + 1
        high = more * (1 - 1 / (9 * more) + 1.96 / (3 * math.sqrt(more))) ** 3
        return Estimate(value, max(0.0, low) / exposure, high / exposure, int(events))
    chance = Random("bootstrap/rates")
    drawn = []
    for _ in range(_MOST):
        several = chance.choices(runs, k=len(runs))
        drawn.append(sum(run[0] for run in several) / sum(run[1] for run in several))
    drawn.sort()
    low, high = quantile(drawn, _LOW), quantile(drawn, _HIGH)
    return Estimate(value, low, high, int(events))


def quantile(ordered: Sequence[float], share: float) -> float:
    """A quantile of sorted numbers, interpolated between neighbours."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
