<?php

declare(strict_types=1);

namespace Laurels;

/**
 * How far a user is towards a badge.
 */
final class Progress
{
    /**
     * @internal
     * @param string $badge the badge's id
     * @param string $key the present day, week, month or year, when it is earned once in each; otherwise empty
     * @param float $current how much there is; for a condition of several parts, how many of them hold
     * @param float $goal how much is needed; for a condition of several parts, how many there are
     * @param string $title of the badge
     * @param int $tier the badge's place in its family, from 1; 0 when it belongs to none
     */
    public function __construct(
        public readonly string $badge,
        public readonly string $key,
        public readonly float $current,
        public readonly float $goal,
        public readonly string $title,
        public readonly int $tier,
    ) {
    }

    /** @internal */
    public static function of(V1\Progress $message): self
    {
        return new self(
            $message->getBadge(),
            $message->getKey(),
            $message->getCurrent(),
            $message->getGoal(),
            $message->getTitle(),
            $message->getTier(),
        );
    }

    /** How much of the way is done, from 0 to 1: for a bar. */
    public function share(): float
    {
        return $this->goal > 0.0 ? \max(0.0, \min(1.0, $this->current / $this->goal)) : 0.0;
    }
}
