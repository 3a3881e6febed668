<?php

declare(strict_types=1);

namespace Laurels;

/**
 * How long to wait before the next attempt: doubles with every one, and is half random, so that the clients of a
 * server that comes back do not all knock at once.
 *
 * @internal
 */
final class Backoff
{
    private const FIRST = 0.1;

    /** The longest wait, in seconds. From then on every attempt waits about so long. */
    private const LONGEST = 10.0;

    private int $attempts = 0;

    /** How many seconds to wait now. */
    public function next(): float
    {
        $whole = \min(self::LONGEST, self::FIRST * 2 ** \min($this->attempts, 10));
        $this->attempts++;
        return $whole * (0.5 + \random_int(0, 1_000_000) / 2_000_000);
    }

    /** Begins anew: the last attempt came through. */
    public function reset(): void
    {
        $this->attempts = 0;
    }
}
