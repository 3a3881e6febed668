from google.protobuf import timestamp_pb2 as _timestamp_pb2
from laurels.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditEvent(_message.Message):
    __slots__ = ["action", "actor", "badge", "changed", "details", "id", "key", "number", "reason", "record_time", "time", "user"]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    action: str
    actor: str
    badge: str
    changed: bool
    details: str
    id: str
    key: str
    number: int
    reason: str
    record_time: _timestamp_pb2.Timestamp
    time: _timestamp_pb2.Timestamp
    user: str
    def __init__(self, number: _Optional[int] = ..., id: _Optional[str] = ..., record_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., action: _Optional[str] = ..., user: _Optional[str] = ..., badge: _Optional[str] = ..., key: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., changed: bool = ..., details: _Optional[str] = ...) -> None: ...

class AwardBadgeRequest(_message.Message):
    __slots__ = ["badge", "id", "key", "reason", "time", "user"]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    badge: str
    id: str
    key: str
    reason: str
    time: _timestamp_pb2.Timestamp
    user: str
    def __init__(self, id: _Optional[str] = ..., user: _Optional[str] = ..., badge: _Optional[str] = ..., key: _Optional[str] = ..., reason: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AwardBadgeResponse(_message.Message):
    __slots__ = ["already_held", "award", "awards", "cursor", "duplicate", "id", "revoked"]
    ALREADY_HELD_FIELD_NUMBER: _ClassVar[int]
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    already_held: bool
    award: _event_pb2.Award
    awards: _containers.RepeatedCompositeFieldContainer[_event_pb2.Award]
    cursor: str
    duplicate: bool
    id: str
    revoked: _containers.RepeatedCompositeFieldContainer[_event_pb2.Award]
    def __init__(self, award: _Optional[_Union[_event_pb2.Award, _Mapping]] = ..., already_held: bool = ..., id: _Optional[str] = ..., duplicate: bool = ..., awards: _Optional[_Iterable[_Union[_event_pb2.Award, _Mapping]]] = ..., revoked: _Optional[_Iterable[_Union[_event_pb2.Award, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ["until_sequence", "until_time"]
    UNTIL_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    until_sequence: int
    until_time: _timestamp_pb2.Timestamp
    def __init__(self, until_sequence: _Optional[int] = ..., until_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BackupResponse(_message.Message):
    __slots__ = ["chunk"]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...

class Diagnostic(_message.Message):
    __slots__ = ["column", "file", "line", "message"]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    column: int
    file: str
    line: int
    message: str
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class ListAuditEventsRequest(_message.Message):
    __slots__ = ["page_size", "page_token"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAuditEventsResponse(_message.Message):
    __slots__ = ["events", "next_page_token"]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[AuditEvent]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[AuditEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReloadRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ReloadResponse(_message.Message):
    __slots__ = ["added", "badge_count", "restarted", "retired", "warnings"]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    BADGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESTARTED_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    added: _containers.RepeatedScalarFieldContainer[str]
    badge_count: int
    restarted: _containers.RepeatedScalarFieldContainer[str]
    retired: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    def __init__(self, badge_count: _Optional[int] = ..., added: _Optional[_Iterable[str]] = ..., retired: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ..., restarted: _Optional[_Iterable[str]] = ...) -> None: ...

class RevokeBadgeRequest(_message.Message):
    __slots__ = ["badge", "id", "key", "reason", "user"]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    badge: str
    id: str
    key: str
    reason: str
    user: str
    def __init__(self, id: _Optional[str] = ..., user: _Optional[str] = ..., badge: _Optional[str] = ..., key: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeBadgeResponse(_message.Message):
    __slots__ = ["award", "awards", "cursor", "duplicate", "id", "revoked"]
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    award: _event_pb2.Award
    awards: _containers.RepeatedCompositeFieldContainer[_event_pb2.Award]
    cursor: str
    duplicate: bool
    id: str
    revoked: _containers.RepeatedCompositeFieldContainer[_event_pb2.Award]
    def __init__(self, award: _Optional[_Union[_event_pb2.Award, _Mapping]] = ..., id: _Optional[str] = ..., duplicate: bool = ..., awards: _Optional[_Iterable[_Union[_event_pb2.Award, _Mapping]]] = ..., revoked: _Optional[_Iterable[_Union[_event_pb2.Award, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...
