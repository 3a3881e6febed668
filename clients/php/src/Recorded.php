<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What one event caused.
 */
final class Recorded
{
    /**
     * @internal
     * @param string $eventId the event's id: the one given, or the one that was made for it
     * @param bool $duplicate true when the id was recorded before: nothing was counted again, and the rest is the
     *     first answer's
     * @param list<Award> $awards every award it caused, to whichever user
     * @param list<Award> $revoked every award it took back, from whichever user
     * @param string $cursor the place of the event: after it, notifications() begins with what came since
     */
    public function __construct(
        public readonly string $eventId,
        public readonly bool $duplicate,
        public readonly array $awards,
        public readonly array $revoked,
        public readonly string $cursor,
    ) {
    }

    /** @internal */
    public static function of(V1\RecordEventResponse $message): self
    {
        return new self(
            $message->getEventId(),
            $message->getDuplicate(),
            Award::all($message->getAwards()),
            Award::all($message->getRevoked()),
            $message->getCursor(),
        );
    }

    /** @internal */
    public static function ofPage(Page\RecordEventResponse $message): self
    {
        return new self(
            $message->getEventId(),
            $message->getDuplicate(),
            Award::decoded($message->getAwards()),
            Award::decoded($message->getRevoked()),
            $message->getCursor(),
        );
    }
}
