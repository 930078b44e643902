"""Strategies for property tests: names, claims and messages over the full ranges of the fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from swimtx.addresses import Address, normal_host
from swimtx.limits import (
    MAX_AGE,
    MAX_CLUSTER_BYTES,
    MAX_INCARNATION,
    MAX_NAME_BYTES,
    MAX_TAGS,
    MAX_TAGS_BYTES,
)
from swimtx.membership.claim import Claim, State
from swimtx.membership.observation import Evidence, Observation, merged_evidence
from swimtx.wire.messages import Contact, Message, MessageType
from tests.messages import message_of

# No deadline: the duration of an example depends more on the machine than on the code.
settings.register_profile("swimtx", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("swimtx")

mixed_in = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
"""For property tests of a mix-in: each class that it is mixed in with runs the same function."""

NOW = 1_790_000_000.0
"""The time that the clocks of these tests show, in seconds."""
EPOCH = int(NOW * 1000)
"""The epoch of a member that starts at C{NOW}."""
DAY = 24 * 3600

_uint32 = st.integers(0, 2**32 - 1)
_fixed64 = st.integers(0, 2**64 - 1)
_letters = st.characters(exclude_categories=("Cc", "Cs"))


def texts(most: int, least: int = 1) -> st.SearchStrategy[str]:
    """Text of C{least} to C{most} bytes, without control characters."""
    drawn = st.text(_letters, min_size=least, max_size=most // 2)
    return drawn.filter(lambda text: len(text.encode()) <= most)


names = st.sampled_from(["n1", "n2", "node-3.example", "ñ", "x" * MAX_NAME_BYTES]) | texts(40)
short_names = st.sampled_from(["n1", "n2", "n3", "witness"]) | texts(24)
clusters = st.just("default") | texts(MAX_CLUSTER_BYTES, least=0)
epochs = st.sampled_from([0, EPOCH, EPOCH + DAY * 1000]) | st.integers(0, EPOCH + DAY * 1000)
incarnations = st.sampled_from([0, 1, MAX_INCARNATION]) | st.integers(0, MAX_INCARNATION)
ages = st.integers(0, MAX_AGE).map(float)


def _usable(host: str) -> bool:
    try:
        return normal_host(host) == host
    except ValueError:
        return False


hosts = (
    st.sampled_from(["127.0.0.1", "10.0.0.1", "::1", "2001:db8::1"])
    | st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(str)
).filter(_usable)
addresses = st.builds(Address, hosts, st.integers(1, 0xFFFF))

tags = (
    st.dictionaries(
        texts(16),
        st.text(max_size=12),
        max_size=MAX_TAGS,
    )
    .filter(
        lambda drawn: sum(len((k + v).encode()) for k, v in drawn.items()) <= MAX_TAGS_BYTES,
    )
    .map(lambda drawn: tuple(sorted(drawn.items())))
)
# At most four entries: so many always fit an update beside the other fields.
evidence = st.lists(
    st.builds(Evidence, short_names, st.sampled_from(Observation), _uint32), max_size=4
).map(merged_evidence)


def claims(
    name: st.SearchStrategy[str] = names,
    address: st.SearchStrategy[Address] = addresses,
    epoch: st.SearchStrategy[int] = epochs,
    incarnation: st.SearchStrategy[int] = incarnations,
    tags: st.SearchStrategy[tuple[tuple[str, str], ...]] = tags,
    evidence: st.SearchStrategy[tuple[Evidence, ...]] = evidence,
    age: st.SearchStrategy[float] = ages,
) -> st.SearchStrategy[Claim]:
    """Claims as a table or an update may contain them."""

    return st.one_of(
        [
            st.builds(
                Claim,
                name=name,
                address=address,
                epoch=epoch,
                incarnation=incarnation,
                state=st.just(state),
                tags=tags,
                evidence=evidence if state in (State.SUSPECT, State.FAILED) else st.just(()),
                by=short_names | st.just(""),
                legacy=st.booleans(),
                streams=st.booleans(),
                age=st.just(0.0) if state.living else age,
            )
            for state in State
        ]
    )


def rivals(
    name: str = "n1",
    epochs: Iterable[int] = (EPOCH - 3600_000, EPOCH, EPOCH + 3600_000),
    hosts: Iterable[str] = ("10.0.0.1", "10.0.0.2"),
) -> st.SearchStrategy[Claim]:
    """Claims about one member that often conflict: few runs, few incarnations, few addresses."""
    return claims(
        st.just(name),
        st.builds(Address, st.sampled_from(list(hosts)), st.just(7946)),
        st.sampled_from(list(epochs)),
        st.integers(0, 2),
        st.sampled_from([(), (("role", "web"),)]),
        st.lists(
            st.builds(
                Evidence, st.sampled_from("wxyz"), st.sampled_from(Observation), st.integers(0, 2)
            ),
            max_size=3,
        ).map(merged_evidence),
        st.integers(0, 100).map(float),
    )


_listed = st.lists(st.builds(Contact, names, addresses, incarnations, epochs), max_size=5).map(
    tuple
)
_digest = st.just(()) | st.lists(_fixed64, min_size=64, max_size=64).map(tuple)
_of_a_target: dict[str, st.SearchStrategy[Any]] = {
    "target": names,
    "target_epoch": epochs,
    "target_incarnation": incarnations,
}
_of_a_table: dict[str, st.SearchStrategy[Any]] = {
    "digest": _digest,
    "page": _uint32,
    "pages": _uint32,
    "wanted": _fixed64,
}
_uses: dict[MessageType, dict[str, st.SearchStrategy[Any]]] = {
    MessageType.PING: _of_a_target,
    MessageType.ACK: _of_a_target,
    MessageType.PING_REQ: {
        **_of_a_target,
        "destination": addresses | st.none(),
        "budget": _uint32.map(lambda milliseconds: milliseconds / 1000),
    },
    MessageType.NACK: {**_of_a_target, "observed": st.sampled_from(Observation)},
    MessageType.JOIN_RES: {"listed": _listed, "bootstrap": st.booleans()},
    MessageType.DIGEST: _of_a_table,
    MessageType.TABLE: _of_a_table,
}


_updates = st.lists(claims(), max_size=3).map(tuple)


def messages(kinds: Iterable[MessageType] = MessageType) -> st.SearchStrategy[Message]:
    """Whole messages of these types, each with the fields that its type uses."""
    # builds() would also draw the fields of a NamedTuple that are left out here.
    return st.one_of(
        [
            st.fixed_dictionaries(
                {
                    "type": st.just(kind),
                    "name": names,
                    "address": addresses,
                    "incarnation": incarnations,
                    "epoch": epochs,
                    "version": st.just(1) | st.integers(1, 2**32 - 1),
                    "cluster": clusters,
                    "sequence": _uint32,
                    "updates": _updates,
                    **_uses.get(kind, {}),
                }
            ).map(lambda values: message_of(**values))
            for kind in kinds
        ]
    )
