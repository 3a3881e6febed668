<?php

declare(strict_types=1);

namespace Laurels;

use Laurels\V1\LiveNotificationsRequest;

/**
 * A live stream that goes on where it stopped when the connection is lost.
 *
 * @internal
 */
final class NotificationStream
{
    /** How many heartbeats may fail to come before the connection counts as lost. */
    private const HEARTBEATS_MISSED_MAX = 3;

    /** The longest time without a look at signals and $until while it waits for a new attempt, in seconds. */
    private const TICK = 0.25;

    private readonly Backoff $backoff;

    /** When the server was heard last, or the attempt to reach it began. */
    private float $heardAt = 0.0;

    private ?float $lostAt = null;

    /** What the first attempt may not do, and every later one may: fail in silence. */
    private bool $begun = false;

    private bool $stopped = false;

    /** @param ?\Closure(): bool $until true ends the stream */
    public function __construct(
        private readonly Connection $connection,
        private readonly LiveNotificationsRequest $request,
        private readonly bool $heartbeats,
        private readonly float $heartbeatSeconds,
        private readonly ?float $patienceSeconds,
        private readonly ?\Closure $until,
    ) {
        $this->backoff = new Backoff();
    }

    /** @return \Generator<int, Notification> */
    public function run(): \Generator
    {
        while (!$this->stopped) {
            try {
                yield from $this->once();
            } catch (CallException $failure) {
                $this->lose($failure);
            }
        }
    }

    /** @return \Generator<int, Notification> */
    private function once(): \Generator
    {
        $this->heardAt = \microtime(true);
        $silent = false;
        $stream = $this->connection->stream('LiveNotifications', $this->request, function () use (&$silent): bool {
            $allowed = self::HEARTBEATS_MISSED_MAX * $this->heartbeatSeconds;
            $silent = \microtime(true) - $this->heardAt > $allowed;
            return !$silent && !$this->looksAround();
        });
        foreach ($stream as $message) {
            $this->hear();
            $notification = $message->getNotification() === null
                ? null
                : Notification::of($message->getNotification());
            if ($message->getNotification() !== null) {
                $this->request->setAfter($message->getNotification()->getCursor());
                $this->request->setFromBeginning(false);
            }
            if ($notification === null) {
                continue;
            }
            if ($this->heartbeats || $notification->kind !== NotificationKind::Heartbeat) {
                yield $notification;
                // The reader may have taken long; the server was not silent meanwhile.
                $this->heardAt = \microtime(true);
            }
        }
        if ($silent) {
            throw new CallException('no connection to the server: it sends no heartbeat', null, true);
        }
    }

    private function hear(): void
    {
        $this->heardAt = \microtime(true);
        $this->begun = true;
        $this->lostAt = null;
        $this->backoff->reset();
    }

    /** Decides whether to try again, and waits; or gives up with the failure. */
    private function lose(CallException $failure): void
    {
        $now = \microtime(true);
        $this->lostAt ??= $now;
        $outOfPatience = $this->patienceSeconds !== null && $now - $this->lostAt >= $this->patienceSeconds;
        if (!$this->begun || !$failure->retryable() || $outOfPatience) {
            throw $failure;
        }
        $until = $now + \max($this->backoff->next(), $failure->retryAfter() ?? 0.0);
        while (!$this->looksAround() && ($left = $until - \microtime(true)) > 0) {
            \usleep((int) (\min($left, self::TICK) * 1e6));
        }
    }

    /** Lets signals be handled, and says whether to stop. */
    private function looksAround(): bool
    {
        if (\function_exists('pcntl_signal_dispatch')) {
            \pcntl_signal_dispatch();
        }
        $this->stopped = $this->stopped || ($this->until !== null && ($this->until)());
        return $this->stopped;
    }
}
