<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Why a call failed, as `errors.proto` of the server has it: the names never change.
 */
enum ErrorReason: string
{
    case InvalidField = 'ERROR_REASON_INVALID_FIELD';
    case EventTimeInFuture = 'ERROR_REASON_EVENT_TIME_IN_FUTURE';
    case EventIdReused = 'ERROR_REASON_EVENT_ID_REUSED';
    case MessageTooLarge = 'ERROR_REASON_MESSAGE_TOO_LARGE';
    case BadgeNotFound = 'ERROR_REASON_BADGE_NOT_FOUND';
    case CursorInvalid = 'ERROR_REASON_CURSOR_INVALID';
    case CursorForeign = 'ERROR_REASON_CURSOR_FOREIGN';
    case CursorExpired = 'ERROR_REASON_CURSOR_EXPIRED';
    case PageTokenInvalid = 'ERROR_REASON_PAGE_TOKEN_INVALID';
    case Overloaded = 'ERROR_REASON_OVERLOADED';
    case BadgesInvalid = 'ERROR_REASON_BADGES_INVALID';
    case StoreReadOnly = 'ERROR_REASON_STORE_READ_ONLY';
    case ShuttingDown = 'ERROR_REASON_SHUTTING_DOWN';
    case CredentialsMissing = 'ERROR_REASON_CREDENTIALS_MISSING';
    case CredentialsInvalid = 'ERROR_REASON_CREDENTIALS_INVALID';
    case CredentialsExpired = 'ERROR_REASON_CREDENTIALS_EXPIRED';
    case CredentialsRevoked = 'ERROR_REASON_CREDENTIALS_REVOKED';
    case PermissionDenied = 'ERROR_REASON_PERMISSION_DENIED';
    case RateLimited = 'ERROR_REASON_RATE_LIMITED';
    case Internal = 'ERROR_REASON_INTERNAL';

    /** Whether the same may be sent again, as the brackets in `errors.proto` say. */
    public function isPassing(): bool
    {
        return match ($this) {
            self::Overloaded, self::StoreReadOnly, self::ShuttingDown, self::RateLimited, self::Internal => true,
            self::InvalidField, self::EventTimeInFuture, self::EventIdReused, self::MessageTooLarge,
            self::BadgeNotFound, self::CursorInvalid, self::CursorForeign, self::CursorExpired,
            self::PageTokenInvalid, self::BadgesInvalid, self::CredentialsMissing, self::CredentialsInvalid,
            self::CredentialsExpired, self::CredentialsRevoked, self::PermissionDenied => false,
        };
    }
}
