from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Award(_message.Message):
    __slots__ = ["badge", "category", "event_id", "icon", "key", "medal", "number", "points", "tier", "time", "title", "user"]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MEDAL_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    badge: str
    category: str
    event_id: str
    icon: str
    key: str
    medal: str
    number: int
    points: int
    tier: int
    time: _timestamp_pb2.Timestamp
    title: str
    user: str
    def __init__(self, user: _Optional[str] = ..., badge: _Optional[str] = ..., key: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., event_id: _Optional[str] = ..., tier: _Optional[int] = ..., points: _Optional[int] = ..., title: _Optional[str] = ..., medal: _Optional[str] = ..., icon: _Optional[str] = ..., category: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ["data", "data_json", "id", "subject", "time", "type", "user"]
    DATA_FIELD_NUMBER: _ClassVar[int]
    DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    data: _struct_pb2.Struct
    data_json: str
    id: str
    subject: str
    time: _timestamp_pb2.Timestamp
    type: str
    user: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., user: _Optional[str] = ..., subject: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., data_json: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RecordEventRequest(_message.Message):
    __slots__ = ["event"]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: Event
    def __init__(self, event: _Optional[_Union[Event, _Mapping]] = ...) -> None: ...

class RecordEventResponse(_message.Message):
    __slots__ = ["awards", "cursor", "duplicate", "event_id", "revoked"]
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    awards: _containers.RepeatedCompositeFieldContainer[Award]
    cursor: str
    duplicate: bool
    event_id: str
    revoked: _containers.RepeatedCompositeFieldContainer[Award]
    def __init__(self, event_id: _Optional[str] = ..., duplicate: bool = ..., awards: _Optional[_Iterable[_Union[Award, _Mapping]]] = ..., revoked: _Optional[_Iterable[_Union[Award, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...
