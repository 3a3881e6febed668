<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * The status codes of gRPC.
 *
 * @internal
 */
enum StatusCode: int
{
    case Ok = 0;
    case Cancelled = 1;
    case Unknown = 2;
    case InvalidArgument = 3;
    case DeadlineExceeded = 4;
    case NotFound = 5;
    case AlreadyExists = 6;
    case PermissionDenied = 7;
    case ResourceExhausted = 8;
    case FailedPrecondition = 9;
    case Aborted = 10;
    case OutOfRange = 11;
    case Unimplemented = 12;
    case Internal = 13;
    case Unavailable = 14;
    case DataLoss = 15;
    case Unauthenticated = 16;

    /** What gRPC's specification has a client make of an HTTP status that came without one of gRPC's. */
    public static function ofHttp(int $status): self
    {
        return match ($status) {
            400 => self::Internal,
            401 => self::Unauthenticated,
            403 => self::PermissionDenied,
            404 => self::Unimplemented,
            429, 502, 503, 504 => self::Unavailable,
            default => self::Unknown,
        };
    }

    /**
     * Whether the same may be sent again with hope of success, where the server gave no reason: then the code
     * comes from the connection, or from a proxy before the server.
     */
    public function isPassing(): bool
    {
        return match ($this) {
            self::Unavailable, self::Unknown, self::Cancelled, self::Aborted, self::DeadlineExceeded,
            self::Internal => true,
            self::Ok, self::InvalidArgument, self::NotFound, self::AlreadyExists, self::PermissionDenied,
            self::ResourceExhausted, self::FailedPrecondition, self::OutOfRange, self::Unimplemented,
            self::DataLoss, self::Unauthenticated => false,
        };
    }
}
