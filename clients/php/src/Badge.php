<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What can be earned. Of a secret badge, only what does not give it away.
 */
final class Badge
{
    /**
     * @internal
     * @param string $id unique in the catalog
     * @param int $number for UserBadges::hasNumber(); given once, never used again
     * @param string $category the file that declares it
     * @param string $title what it is called
     * @param string $description what to do for it
     * @param string $medal "bronze", "silver", "gold", or whatever the catalog calls it; may be empty
     * @param string $family when it is one of several tiers; otherwise empty
     * @param int $tier its place in the family, from 1; 0 when it belongs to none
     * @param int $points it brings
     * @param string $icon where the picture is; may be empty
     * @param bool $secret not shown before it is earned
     * @param bool $repeatable may be earned again, for another key
     * @param bool $retired can no longer be earned; those who hold it keep it
     * @param int $holders how many users hold it
     */
    public function __construct(
        public readonly string $id,
        public readonly int $number,
        public readonly string $category,
        public readonly string $title,
        public readonly string $description,
        public readonly string $medal,
        public readonly string $family,
        public readonly int $tier,
        public readonly int $points,
        public readonly string $icon,
        public readonly bool $secret,
        public readonly bool $repeatable,
        public readonly bool $retired,
        public readonly int $holders,
    ) {
    }

    /** @internal */
    public static function of(V1\Badge $message): self
    {
        return new self(
            $message->getId(),
            $message->getNumber(),
            $message->getCategory(),
            $message->getTitle(),
            $message->getDescription(),
            $message->getMedal(),
            $message->getFamily(),
            $message->getTier(),
            $message->getPoints(),
            $message->getIcon(),
            $message->getSecret(),
            $message->getRepeatable(),
            $message->getRetired(),
            (int) $message->getHolders(),
        );
    }
}
