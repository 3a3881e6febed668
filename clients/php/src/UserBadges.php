<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What a user has earned, newest first: to be counted and gone through as it is.
 *
 * @implements \IteratorAggregate<int, Award>
 */
final class UserBadges implements \Countable, \IteratorAggregate
{
    /**
     * @internal
     * @param list<Award> $awards newest first, as far as they were asked for
     * @param string $heldBits all badges held as a bit set: number n is bit n % 8 of byte n / 8, from the lowest
     * @param string $cursor where this answer stands: after it, notifications() repeats and misses nothing
     */
    public function __construct(
        public readonly array $awards,
        public readonly string $heldBits,
        public readonly string $cursor,
    ) {
    }

    /** Whether this badge is among them. */
    public function has(string $badge): bool
    {
        foreach ($this->awards as $award) {
            if ($award->badge === $badge) {
                return true;
            }
        }
        return false;
    }

    /** Whether the badge with this number is held: Badge::$number tells it. Of all badges, also those not asked for. */
    public function hasNumber(int $number): bool
    {
        $byte = $this->heldBits[\intdiv($number, 8)] ?? "\0";
        return (\ord($byte) >> $number % 8 & 1) === 1;
    }

    public function count(): int
    {
        return \count($this->awards);
    }

    /** @return \ArrayIterator<int, Award> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->awards);
    }
}
