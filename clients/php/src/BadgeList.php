<?php

declare(strict_types=1);

namespace Laurels;

/**
 * The badges there are, in the order of the catalog: to be counted and gone through as it is.
 *
 * @implements \IteratorAggregate<int, Badge>
 */
final class BadgeList implements \Countable, \IteratorAggregate
{
    /**
     * @internal
     * @param list<Badge> $badges
     * @param int $userCount how many users there are: what Badge::$holders is a share of
     */
    public function __construct(
        public readonly array $badges,
        public readonly int $userCount,
    ) {
    }

    public function count(): int
    {
        return \count($this->badges);
    }

    /** @return \ArrayIterator<int, Badge> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->badges);
    }
}
