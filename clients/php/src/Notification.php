<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Something worth telling, and kept by the server before it is told.
 */
final class Notification
{
    /**
     * @internal
     * @param NotificationKind $kind what it tells
     * @param string $cursor goes on after it: keep it with whatever was done about the notification
     * @param \DateTimeImmutable $time when it happened, in UTC; of a heartbeat, the server's time
     * @param ?Award $award the award that was given or taken back; null for a heartbeat
     * @param string $eventId the event that gave it or took it back; empty for a heartbeat
     * @param bool $live of a heartbeat: everything up to now has been sent
     */
    public function __construct(
        public readonly NotificationKind $kind,
        public readonly string $cursor,
        public readonly \DateTimeImmutable $time,
        public readonly ?Award $award,
        public readonly string $eventId,
        public readonly bool $live,
    ) {
    }

    /**
     * Null for a kind that this client does not know: a newer server's, passed over as the protocol asks.
     *
     * @internal
     */
    public static function of(V1\Notification $message): ?self
    {
        $kind = NotificationKind::tryFrom($message->getKind());
        $award = match ($kind) {
            NotificationKind::Award => Award::of($message->getAward()),
            NotificationKind::Revocation => Award::of($message->getRevocation()->getAward()),
            NotificationKind::Heartbeat, null => null,
        };
        $eventId = match ($kind) {
            NotificationKind::Revocation => $message->getRevocation()->getEventId(),
            NotificationKind::Award => $award->eventId,
            NotificationKind::Heartbeat, null => '',
        };
        $live = $kind === NotificationKind::Heartbeat && $message->getHeartbeat()->getLive();
        return $kind === null
            ? null
            : new self($kind, $message->getCursor(), Time::of($message->getTime()), $award, $eventId, $live);
    }
}
