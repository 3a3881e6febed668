<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What a notification tells.
 */
enum NotificationKind: string
{
    /** A badge was earned. */
    case Award = 'award';

    /** An award was taken back, since what it was given for is true no longer. */
    case Revocation = 'revocation';

    /** Nothing happened: the stream is alive. */
    case Heartbeat = 'heartbeat';
}
