"""Sources of seeds. Only this module looks up names, and it does so at each call of C{find}."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    FirstError,
    TimeoutError,
    gatherResults,
    succeed,
)
from zope.interface import implementer

from swimtx.addresses import Address
from swimtx.discovery.dns import FAMILIES, TIMEOUT, addresses_of, targets_of
from swimtx.discovery.seed import DEFAULT_PORT, Seed, parse_seed, seed_at
from swimtx.interfaces import Found, ISeeds

_T = TypeVar("_T")


def as_seeds(reactor: Any, seeds: ISeeds | Iterable[str | tuple[str, int]], type: str) -> ISeeds:
    """Convert the seeds that a program gives to a source of seeds.

    @param reactor: as for L{Seeds}.
    @param seeds: texts that L{parse_seed} takes and C{(host, port)} pairs, or an C{ISeeds}.
    @param type: as for L{Seeds}.
    @raise ValueError: a seed is malformed, or C{type} is; the text says which and why.
    """
    if ISeeds.providedBy(seeds):
        return seeds
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds must be a list of seeds, such as ['10.0.0.2:7946'], not {seeds!r}")
    return Seeds(reactor, seeds, type)


@implementer(ISeeds)
class StaticSeeds:
    """Seeds whose addresses are known.

    @param addresses: C{(host, port)} pairs, the host an IP literal.
    @raise ValueError: a host is no IP literal, or a port is out of range; the text says which and
        why.
    """

    def __init__(self, addresses: Iterable[tuple[str, int]]) -> None:
        seeds = [_pair(address) for address in addresses]
        for seed in seeds:
            if not seed.literal:
                raise ValueError(f"seed {seed.text!r}: {seed.host} is no IP literal")
        self._addresses = tuple(dict.fromkeys(Address(seed.host, seed.port) for seed in seeds))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StaticSeeds) and self._addresses == other._addresses

    def __hash__(self) -> int:
        return hash(self._addresses)

    def __repr__(self) -> str:
        return f"<StaticSeeds {', '.join(map(str, self._addresses))}>"

    def find(self) -> Deferred[Found]:
        """The addresses, in the order given; a Deferred that has fired."""
        found: Found = (list(self._addresses), {})
        return succeed(found)


@implementer(ISeeds)
class Seeds:
    """Seeds as people give them. Two that look up the same seeds in the same way are equal.

    @param reactor: provides C{IReactorTime}; if names are among the seeds,
        C{IReactorPluggableNameResolver}; if services are, and no resolver is given, the interfaces
        that C{twisted.names.client.Resolver} needs.
    @param seeds: texts that L{parse_seed} takes, or C{(host, port)}.
    @param type: C{"udp4"}: a name's A records are looked up; C{"udp6"}: AAAA.
    @param default_port: the port of seeds that name none.
    @param resolver: an C{IResolver} for SRV records; C{None}: this machine's name servers.
    @raise ValueError: a seed or C{type} is malformed; the text says which and why.
    """

    def __init__(
        self,
        reactor: Any,
        seeds: Iterable[str | tuple[str, int]],
        type: str = "udp4",
        default_port: int = DEFAULT_PORT,
        resolver: Any = None,
    ) -> None:
        if type not in FAMILIES:
            raise ValueError(f"type must be udp4 or udp6, not {type!r}")
        self._reactor = reactor
        self._type = type
        self._resolver = resolver
        self._seeds = tuple(_seed_of(seed, default_port) for seed in seeds)
        self._literal = all(seed.literal for seed in self._seeds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seeds) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def __repr__(self) -> str:
        return f"<Seeds {', '.join(seed.text for seed in self._seeds)}>"

    def _value(self) -> tuple[object, ...]:
        places = tuple((seed.host.lower(), seed.port) for seed in self._seeds)
        return places, self._type, id(self._reactor), id(self._resolver)

    def find(self) -> Deferred[Found]:
        """Look all seeds up at the same time, each query for at most 5 s.

        @return: a Deferred of C{([Address], {text: sentence})}: the addresses in the order of the
            seeds, each of them once, and a sentence for each seed whose look-up failed. It may be
            cancelled, and then fails with C{CancelledError}.
        """
        if self._literal:  # nothing to look up
            found: Found = (list(dict.fromkeys(Address(s.host, s.port) for s in self._seeds)), {})
            return succeed(found)
        return Deferred.fromCoroutine(self._find())

    async def _find(self) -> Found:
        addresses: dict[Address, None] = {}
        failures: dict[str, str] = {}
        answers = await _gather(self._look_up(seed) for seed in self._seeds)
        for seed, (found, sentences) in zip(self._seeds, answers, strict=True):
            addresses.update(dict.fromkeys(found))
            if sentences:
                failures[seed.text] = "; ".join(sentences)
        return list(addresses), failures

    async def _look_up(self, seed: Seed) -> tuple[list[Address], list[str]]:
        """The addresses of one seed, and a sentence about each failure."""
        if not seed.service:
            return await self._look_up_host(seed.host, seed.port)
        try:
            targets = await targets_of(self._reactor, seed.host, self._resolver)
        except CancelledError:
            raise
        except Exception as error:
            return [], [_sentence(error, seed.host)]
        found: list[Address] = []
        sentences: list[str] = []
        for addresses, failed in await _gather(self._look_up_host(*t) for t in targets):
            found += addresses
            sentences += failed
        return found, sentences

    async def _look_up_host(self, host: str, port: int) -> tuple[list[Address], list[str]]:
        try:
            seed = seed_at(host, port)
            if seed.literal:
                return [Address(seed.host, seed.port)], []
            return await addresses_of(self._reactor, host, port, self._type), []
        except CancelledError:
            raise
        except Exception as error:
            return [], [_sentence(error, host)]


def _pair(given: object) -> Seed:
    """@raise ValueError: it is no C{(host, port)}, or out of its limits."""
    match given:
        case (str() as host, int() as port) if not isinstance(port, bool):
            return seed_at(host, port)
    raise ValueError(f"seed {given!r} is not (host, port)")


def _seed_of(given: object, default_port: int) -> Seed:
    """@raise ValueError: C{given} is neither of the two forms of a seed, or exceeds its limits."""
    if isinstance(given, str):
        return parse_seed(given, default_port)
    if isinstance(given, tuple):
        return _pair(given)
    raise ValueError(
        f"seed {given!r}: a seed is 'HOST[:PORT]' or (host, port), and several make a list"
    )


def _sentence(error: Exception, asked: str) -> str:
    """The error, as a sentence for people."""
    if isinstance(error, TimeoutError):
        return f"no answer about {asked} within {TIMEOUT:g} s"
    if isinstance(error, (LookupError, ValueError)):
        return str(error)
    return f"looking up {asked} failed: {str(error) or type(error).__name__}"


async def _gather(coroutines: Iterable[Coroutine[Deferred[Any], Any, _T]]) -> list[_T]:
    """Run coroutines at the same time. To cancel the result cancels all of them.

    @return: their results, in order.
    """
    try:
        return await gatherResults(map(Deferred.fromCoroutine, coroutines), consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()
