<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * Counts TCP connections, as the kernel sees them.
 */
final class Connections
{
    private const ESTABLISHED = '01';

    /** How many stand with this port of 127.0.0.1 at the far end. */
    public static function to(int $port): int
    {
        // ext-grpc writes an IPv4 address as one of IPv6.
        $far = [\sprintf('0100007F:%04X', $port), \sprintf('0000000000000000FFFF00000100007F:%04X', $port)];
        $count = 0;
        foreach ([...\file('/proc/net/tcp'), ...\file('/proc/net/tcp6')] as $line) {
            $fields = \preg_split('/\s+/', \trim($line));
            $count += (int) (\in_array($fields[2] ?? '', $far, true) && $fields[3] === self::ESTABLISHED);
        }
        return $count;
    }

    /** Waits until that many stand: closing takes the kernel a moment. */
    public static function await(int $port, int $count): void
    {
        $until = \microtime(true) + 20;
        while (self::to($port) !== $count) {
            if (\microtime(true) > $until) {
                throw new \RuntimeException(self::to($port) . " connections to $port, and not $count");
            }
            \usleep(1000);
        }
    }
}
