<?php

declare(strict_types=1);

namespace Laurels;

use Laurels\Page\RecordEventsResponse;

/**
 * Events that are recorded together: sent at once, waited for once, each with an outcome of its own.
 *
 * @internal
 */
final class Batch
{
    /** How many events go by one call; more go by several, one after the other. The server takes 1,024 at a time. */
    public const EVENTS_MAX = 1000;

    public function __construct(private readonly Connection $connection)
    {
    }

    /**
     * Records events. A failure that may pass is met with a second attempt, for the events that it concerns, within
     * the same deadline.
     *
     * @param array<Event> $events
     * @return array<Recorded|LaurelsException> what came of each, by the keys of the events
     */
    public function record(array $events, int $deadlineMs): array
    {
        $deadline = \microtime(true) + $deadlineMs / 1000;
        $outcomes = $this->attempt($events, $deadline);
        $failures = \array_filter($outcomes, static fn (object $outcome): bool
            => $outcome instanceof CallException && $outcome->retryable());
        if ($failures === []) {
            return $outcomes;
        }
        $wait = \max(\array_map(static fn (CallException $failure): float => $failure->retryAfter() ?? 0.0, $failures));
        if (\microtime(true) + $wait >= $deadline) {
            return $outcomes;
        }
        \usleep((int) ($wait * 1e6));
        return \array_replace($outcomes, $this->attempt(\array_intersect_key($events, $failures), $deadline));
    }

    /**
     * @param array<Event> $events
     * @return array<Recorded|LaurelsException>
     */
    private function attempt(array $events, float $deadline): array
    {
        $outcomes = $requests = [];
        foreach ($events as $key => $event) {
            try {
                $requests[$key] = $event->request();
                // Its place among the outcomes, whatever comes first.
                $outcomes[$key] = null;
            } catch (InvalidArgumentException $mistake) {
                $outcomes[$key] = $mistake;
            }
        }
        foreach (\array_chunk($requests, self::EVENTS_MAX, true) as $sent) {
            [$answers, $end] = $this->connection->recordAll(\array_values($sent), $deadline);
            foreach (\array_keys($sent) as $place => $key) {
                $outcomes[$key] = isset($answers[$place]) ? self::outcome($answers[$place]) : $end;
            }
        }
        return $outcomes;
    }

    private static function outcome(RecordEventsResponse $answer): Recorded|CallException
    {
        $recorded = $answer->getRecorded();
        return $recorded !== null ? Recorded::ofPage($recorded) : Failure::ofEvent($answer->getError());
    }
}
