<?php

declare(strict_types=1);

namespace Laurels;

use Google\Protobuf\Timestamp;

/**
 * Times as the protocol has them, and as PHP has them.
 *
 * @internal
 */
final class Time
{
    public static function of(?Timestamp $time): \DateTimeImmutable
    {
        $microseconds = \intdiv($time?->getNanos() ?? 0, 1000);
        $text = \sprintf('%d.%06d', $time?->getSeconds() ?? 0, $microseconds);
        // Built from a fraction of seconds since 1970, which "U.u" reads also before it.
        $read = \DateTimeImmutable::createFromFormat('U.u', $text);
        return $read->setTimezone(new \DateTimeZone('UTC'));
    }

    public static function message(\DateTimeInterface $time): Page\Timestamp
    {
        $message = new Page\Timestamp();
        $message->setSeconds($time->getTimestamp());
        $message->setNanos((int) $time->format('u') * 1000);
        return $message;
    }
}
