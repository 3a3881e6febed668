<?php

declare(strict_types=1);

namespace Laurels;

/**
 * One badge, earned once, by one user, for one key.
 */
final class Award
{
    /**
     * @internal
     * @param string $user who earned it; not always the user of the event
     * @param string $badge the badge's id
     * @param string $key what it was earned for, when it may be earned more than once; otherwise empty
     * @param int $number which one it is of a badge that is given again and again for the same key, from 1
     * @param \DateTimeImmutable $time of the event that completed it, in UTC
     * @param string $eventId the event that completed it
     * @param string $title ready to be shown
     * @param string $medal "bronze", "silver", "gold", or whatever the catalog calls it; may be empty
     * @param string $icon where the picture is; may be empty
     * @param string $category the file that declares the badge
     * @param int $tier the badge's place in its family, from 1; 0 when it belongs to none
     * @param int $points that came with it
     */
    public function __construct(
        public readonly string $user,
        public readonly string $badge,
        public readonly string $key,
        public readonly int $number,
        public readonly \DateTimeImmutable $time,
        public readonly string $eventId,
        public readonly string $title,
        public readonly string $medal,
        public readonly string $icon,
        public readonly string $category,
        public readonly int $tier,
        public readonly int $points,
    ) {
    }

    /** @internal */
    public static function of(V1\Award $message): self
    {
        return new self(
            $message->getUser(),
            $message->getBadge(),
            $message->getKey(),
            $message->getNumber(),
            Time::of($message->getTime()),
            $message->getEventId(),
            $message->getTitle(),
            $message->getMedal(),
            $message->getIcon(),
            $message->getCategory(),
            $message->getTier(),
            $message->getPoints(),
        );
    }

    /**
     * @internal
     * @param iterable<V1\Award> $messages
     * @return list<self>
     */
    public static function all(iterable $messages): array
    {
        $awards = [];
        foreach ($messages as $message) {
            $awards[] = self::of($message);
        }
        return $awards;
    }

    /**
     * @internal
     * @param iterable<string> $messages
     * @return list<self>
     */
    public static function decoded(iterable $messages): array
    {
        $awards = [];
        foreach ($messages as $bytes) {
            $message = new V1\Award();
            $message->mergeFromString($bytes);
            $awards[] = self::of($message);
        }
        return $awards;
    }
}
