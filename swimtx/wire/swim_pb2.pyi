from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MsgType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PING: _ClassVar[MsgType]
    JOIN_REQ: _ClassVar[MsgType]
    JOIN_RES: _ClassVar[MsgType]
    PING_REQ: _ClassVar[MsgType]
    ACK: _ClassVar[MsgType]
    FAIL: _ClassVar[MsgType]
    LEAVE: _ClassVar[MsgType]
    NACK: _ClassVar[MsgType]
    GOSSIP: _ClassVar[MsgType]
    DIGEST: _ClassVar[MsgType]
    TABLE: _ClassVar[MsgType]

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALIVE: _ClassVar[State]
    SUSPECT: _ClassVar[State]
    FAILED: _ClassVar[State]
    LEFT: _ClassVar[State]

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SILENT: _ClassVar[Kind]
    ACCEPTED: _ClassVar[Kind]
    REFUSED: _ClassVar[Kind]
    BROKEN: _ClassVar[Kind]
PING: MsgType
JOIN_REQ: MsgType
JOIN_RES: MsgType
PING_REQ: MsgType
ACK: MsgType
FAIL: MsgType
LEAVE: MsgType
NACK: MsgType
GOSSIP: MsgType
DIGEST: MsgType
TABLE: MsgType
ALIVE: State
SUSPECT: State
FAILED: State
LEFT: State
SILENT: Kind
ACCEPTED: Kind
REFUSED: Kind
BROKEN: Kind

class Datagram(_message.Message):
    __slots__ = ("node_id", "addr", "port", "heart_beat", "type", "dest_addr", "dest_port", "sequence", "cluster", "updates", "listed", "version", "epoch", "target", "target_epoch", "target_incarnation", "budget", "observed", "bootstrap", "digest", "page", "pages", "wanted", "padding")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    ADDR_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    HEART_BEAT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEST_ADDR_FIELD_NUMBER: _ClassVar[int]
    DEST_PORT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    TARGET_EPOCH_FIELD_NUMBER: _ClassVar[int]
    TARGET_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    BOOTSTRAP_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    PAGES_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    addr: str
    port: int
    heart_beat: int
    type: MsgType
    dest_addr: str
    dest_port: int
    sequence: int
    cluster: str
    updates: _containers.RepeatedScalarFieldContainer[bytes]
    listed: _containers.RepeatedCompositeFieldContainer[Listed]
    version: int
    epoch: int
    target: str
    target_epoch: int
    target_incarnation: int
    budget: int
    observed: Kind
    bootstrap: bool
    digest: _containers.RepeatedScalarFieldContainer[int]
    page: int
    pages: int
    wanted: int
    padding: bytes
    def __init__(self, node_id: _Optional[str] = ..., addr: _Optional[str] = ..., port: _Optional[int] = ..., heart_beat: _Optional[int] = ..., type: _Optional[_Union[MsgType, str]] = ..., dest_addr: _Optional[str] = ..., dest_port: _Optional[int] = ..., sequence: _Optional[int] = ..., cluster: _Optional[str] = ..., updates: _Optional[_Iterable[bytes]] = ..., listed: _Optional[_Iterable[_Union[Listed, _Mapping]]] = ..., version: _Optional[int] = ..., epoch: _Optional[int] = ..., target: _Optional[str] = ..., target_epoch: _Optional[int] = ..., target_incarnation: _Optional[int] = ..., budget: _Optional[int] = ..., observed: _Optional[_Union[Kind, str]] = ..., bootstrap: bool = ..., digest: _Optional[_Iterable[int]] = ..., page: _Optional[int] = ..., pages: _Optional[int] = ..., wanted: _Optional[int] = ..., padding: _Optional[bytes] = ...) -> None: ...

class Listed(_message.Message):
    __slots__ = ("node_id", "heartbeat", "port", "address", "epoch")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    heartbeat: int
    port: int
    address: str
    epoch: int
    def __init__(self, node_id: _Optional[str] = ..., heartbeat: _Optional[int] = ..., port: _Optional[int] = ..., address: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class Update(_message.Message):
    __slots__ = ("name", "address", "port", "state", "epoch", "incarnation", "tags", "evidence", "by", "age", "seven_fields", "streams")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    SEVEN_FIELDS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    name: str
    address: bytes
    port: int
    state: State
    epoch: int
    incarnation: int
    tags: _containers.RepeatedCompositeFieldContainer[Tag]
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    by: str
    age: int
    seven_fields: bool
    streams: bool
    def __init__(self, name: _Optional[str] = ..., address: _Optional[bytes] = ..., port: _Optional[int] = ..., state: _Optional[_Union[State, str]] = ..., epoch: _Optional[int] = ..., incarnation: _Optional[int] = ..., tags: _Optional[_Iterable[_Union[Tag, _Mapping]]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., by: _Optional[str] = ..., age: _Optional[int] = ..., seven_fields: bool = ..., streams: bool = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("witness", "kind", "counter")
    WITNESS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    witness: str
    kind: Kind
    counter: int
    def __init__(self, witness: _Optional[str] = ..., kind: _Optional[_Union[Kind, str]] = ..., counter: _Optional[int] = ...) -> None: ...
