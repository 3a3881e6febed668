from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from laurels.v1 import errors_pb2 as _errors_pb2
from laurels.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Badge(_message.Message):
    __slots__ = ["category", "description", "family", "holders", "icon", "id", "medal", "number", "points", "repeatable", "retired", "secret", "tier", "title"]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MEDAL_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    REPEATABLE_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    category: str
    description: str
    family: str
    holders: int
    icon: str
    id: str
    medal: str
    number: int
    points: int
    repeatable: bool
    retired: bool
    secret: bool
    tier: int
    title: str
    def __init__(self, id: _Optional[str] = ..., number: _Optional[int] = ..., category: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., medal: _Optional[str] = ..., family: _Optional[str] = ..., tier: _Optional[int] = ..., points: _Optional[int] = ..., icon: _Optional[str] = ..., secret: bool = ..., repeatable: bool = ..., retired: bool = ..., holders: _Optional[int] = ...) -> None: ...

class EventError(_message.Message):
    __slots__ = ["field", "message", "reason", "retry_delay"]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    field: str
    message: str
    reason: _errors_pb2.ErrorReason
    retry_delay: _duration_pb2.Duration
    def __init__(self, reason: _Optional[_Union[_errors_pb2.ErrorReason, str]] = ..., field: _Optional[str] = ..., message: _Optional[str] = ..., retry_delay: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetBadgesRequest(_message.Message):
    __slots__ = ["badges", "categories", "page_size", "page_token", "user", "without_progress"]
    BADGES_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    badges: _containers.RepeatedScalarFieldContainer[str]
    categories: _containers.RepeatedScalarFieldContainer[str]
    page_size: int
    page_token: str
    user: str
    without_progress: bool
    def __init__(self, user: _Optional[str] = ..., badges: _Optional[_Iterable[str]] = ..., categories: _Optional[_Iterable[str]] = ..., without_progress: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetBadgesResponse(_message.Message):
    __slots__ = ["awards", "cursor", "held_bits", "next_page_token", "progress", "total_size"]
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    HELD_BITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    awards: _containers.RepeatedCompositeFieldContainer[_event_pb2.Award]
    cursor: str
    held_bits: bytes
    next_page_token: str
    progress: _containers.RepeatedCompositeFieldContainer[Progress]
    total_size: int
    def __init__(self, awards: _Optional[_Iterable[_Union[_event_pb2.Award, _Mapping]]] = ..., progress: _Optional[_Iterable[_Union[Progress, _Mapping]]] = ..., held_bits: _Optional[bytes] = ..., total_size: _Optional[int] = ..., next_page_token: _Optional[str] = ..., cursor: _Optional[str] = ...) -> None: ...

class GetProfileRequest(_message.Message):
    __slots__ = ["user"]
    USER_FIELD_NUMBER: _ClassVar[int]
    user: str
    def __init__(self, user: _Optional[str] = ...) -> None: ...

class GetProfileResponse(_message.Message):
    __slots__ = ["profile"]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ["live"]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    live: bool
    def __init__(self, live: bool = ...) -> None: ...

class ListBadgesRequest(_message.Message):
    __slots__ = ["categories", "include_retired", "page_size", "page_token"]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_RETIRED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedScalarFieldContainer[str]
    include_retired: bool
    page_size: int
    page_token: str
    def __init__(self, categories: _Optional[_Iterable[str]] = ..., include_retired: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBadgesResponse(_message.Message):
    __slots__ = ["badges", "next_page_token", "user_count"]
    BADGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    badges: _containers.RepeatedCompositeFieldContainer[Badge]
    next_page_token: str
    user_count: int
    def __init__(self, badges: _Optional[_Iterable[_Union[Badge, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., user_count: _Optional[int] = ...) -> None: ...

class LiveNotificationsRequest(_message.Message):
    __slots__ = ["after", "badges", "categories", "from_beginning", "heartbeat_interval", "users"]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    BADGES_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    FROM_BEGINNING_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    after: str
    badges: _containers.RepeatedScalarFieldContainer[str]
    categories: _containers.RepeatedScalarFieldContainer[str]
    from_beginning: bool
    heartbeat_interval: _duration_pb2.Duration
    users: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, users: _Optional[_Iterable[str]] = ..., badges: _Optional[_Iterable[str]] = ..., categories: _Optional[_Iterable[str]] = ..., after: _Optional[str] = ..., from_beginning: bool = ..., heartbeat_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LiveNotificationsResponse(_message.Message):
    __slots__ = ["notification"]
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class Notification(_message.Message):
    __slots__ = ["award", "cursor", "heartbeat", "revocation", "time", "user"]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    REVOCATION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    award: _event_pb2.Award
    cursor: str
    heartbeat: Heartbeat
    revocation: Revocation
    time: _timestamp_pb2.Timestamp
    user: str
    def __init__(self, cursor: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., user: _Optional[str] = ..., award: _Optional[_Union[_event_pb2.Award, _Mapping]] = ..., revocation: _Optional[_Union[Revocation, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ["award_count", "language", "link", "name", "picture", "points", "time_zone", "user"]
    AWARD_COUNT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    award_count: int
    language: str
    link: str
    name: str
    picture: str
    points: int
    time_zone: str
    user: str
    def __init__(self, user: _Optional[str] = ..., name: _Optional[str] = ..., link: _Optional[str] = ..., picture: _Optional[str] = ..., time_zone: _Optional[str] = ..., language: _Optional[str] = ..., points: _Optional[int] = ..., award_count: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ["badge", "current", "goal", "key", "tier", "title"]
    BADGE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    GOAL_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    badge: str
    current: float
    goal: float
    key: str
    tier: int
    title: str
    def __init__(self, badge: _Optional[str] = ..., key: _Optional[str] = ..., current: _Optional[float] = ..., goal: _Optional[float] = ..., title: _Optional[str] = ..., tier: _Optional[int] = ...) -> None: ...

class RecordEventsOptions(_message.Message):
    __slots__ = ["historical"]
    HISTORICAL_FIELD_NUMBER: _ClassVar[int]
    historical: bool
    def __init__(self, historical: bool = ...) -> None: ...

class RecordEventsRequest(_message.Message):
    __slots__ = ["event", "options"]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    event: _event_pb2.Event
    options: RecordEventsOptions
    def __init__(self, event: _Optional[_Union[_event_pb2.Event, _Mapping]] = ..., options: _Optional[_Union[RecordEventsOptions, _Mapping]] = ...) -> None: ...

class RecordEventsResponse(_message.Message):
    __slots__ = ["error", "index", "recorded"]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    error: EventError
    index: int
    recorded: _event_pb2.RecordEventResponse
    def __init__(self, index: _Optional[int] = ..., recorded: _Optional[_Union[_event_pb2.RecordEventResponse, _Mapping]] = ..., error: _Optional[_Union[EventError, _Mapping]] = ...) -> None: ...

class Revocation(_message.Message):
    __slots__ = ["award", "event_id"]
    AWARD_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    award: _event_pb2.Award
    event_id: str
    def __init__(self, award: _Optional[_Union[_event_pb2.Award, _Mapping]] = ..., event_id: _Optional[str] = ...) -> None: ...

class UpdateProfileRequest(_message.Message):
    __slots__ = ["id", "profile", "update_mask"]
    ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    id: str
    profile: Profile
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., id: _Optional[str] = ...) -> None: ...

class UpdateProfileResponse(_message.Message):
    __slots__ = ["profile", "recorded"]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    recorded: _event_pb2.RecordEventResponse
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., recorded: _Optional[_Union[_event_pb2.RecordEventResponse, _Mapping]] = ...) -> None: ...
