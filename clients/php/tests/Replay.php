<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\CallException;
use Laurels\Client;
use Laurels\Event;
use Laurels\FieldProblem;
use Laurels\NotificationKind;
use PHPUnit\Framework\Assert;

/**
 * Does the steps of one case of the conformance file, and compares.
 */
final class Replay
{
    /** @var array<string, string> what steps have kept for later ones */
    private array $kept = [];

    public function __construct(
        private readonly Client $client,
        private readonly Server $server,
    ) {
    }

    /** @param list<array<string, mixed>> $steps */
    public function run(array $steps): void
    {
        foreach ($steps as $step) {
            $this->step($step);
        }
    }

    /** @param array<string, mixed> $step */
    private function step(array $step): void
    {
        try {
            $answer = $this->call($step);
            Assert::assertArrayNotHasKey('fails', $step, "{$step['call']} should have failed");
        } catch (CallException $failure) {
            if (!isset($step['fails'])) {
                throw $failure;
            }
            $answer = self::failure($failure);
        }
        $expected = $step['gives'] ?? $step['fails'] ?? null;
        if ($expected !== null) {
            $this->compare($expected, $answer, $step['call']);
        }
        foreach ($step['keep'] ?? [] as $name => $path) {
            $value = $answer;
            foreach (\explode('.', $path) as $part) {
                $value = $value[$part];
            }
            $this->kept[$name] = $value;
        }
    }

    /**
     * @param array<string, mixed> $step
     * @return array<string, mixed>
     */
    private function call(array $step): array
    {
        $with = \array_map($this->resolve(...), $step['with'] ?? []);
        return match ($step['call']) {
            'record' => $this->record($with),
            'recordAll' => ['recorded' => self::plain($this->client->recordAll($this->events($with['events'])))],
            'badges' => $this->badges($with),
            'progress' => ['progress' => \array_map(self::plain(...), $this->client->progress(...$with))],
            'profile' => self::plain($this->client->profile(...$with)),
            'updateProfile' => self::plain($this->client->updateProfile(...$with)),
            'listBadges' => $this->listBadges($with),
            'watch' => ['notifications' => $this->watch($with, $step)],
            'restart' => $this->restart(\SIGTERM),
            'kill' => $this->restart(\SIGKILL),
        };
    }

    private function restart(int $signal): array
    {
        $this->server->restart($signal);
        return [];
    }

    private function record(array $with): array
    {
        return self::plain($this->client->recordOrFail(...self::timed($with)));
    }

    /** @return list<Event> */
    private function events(array $events): array
    {
        return \array_map(static fn (array $with): Event => new Event(...self::timed($with)), $events);
    }

    private static function timed(array $with): array
    {
        return isset($with['time']) ? ['time' => new \DateTimeImmutable($with['time'])] + $with : $with;
    }

    private function badges(array $with): array
    {
        return self::plain($this->client->badges(...$with));
    }

    private function listBadges(array $with): array
    {
        return self::plain($this->client->listBadges(...$with));
    }

    /** Opens a stream, does what is to be done meanwhile once it is live, and reads as much as is expected. */
    private function watch(array $with, array $step): array
    {
        $expected = \count($step['gives']['notifications'] ?? []);
        $meanwhile = $step['while'] ?? [];
        $notifications = [];
        $stream = $this->client->notifications(
            $with['users'] ?? null,
            after: $with['after'] ?? null,
            fromBeginning: $with['fromBeginning'] ?? false,
            badges: $with['badges'] ?? [],
            categories: $with['categories'] ?? [],
            heartbeats: true,
            heartbeatSeconds: 1,
        );
        foreach ($stream as $notification) {
            if ($notification->kind !== NotificationKind::Heartbeat) {
                $notifications[] = self::plain($notification);
            } elseif ($notification->live) {
                $this->run($meanwhile);
                $meanwhile = [];
            }
            if ($meanwhile === [] && \count($notifications) >= $expected) {
                break;
            }
        }
        return $notifications;
    }

    /** Everything that is expected is there; an answer may have more fields. */
    private function compare(mixed $expected, mixed $actual, string $path): void
    {
        $expected = $this->resolve($expected);
        if ($expected === '*') {
            Assert::assertNotSame('', (string) $actual, $path);
        } elseif (!\is_array($expected)) {
            Assert::assertEquals($expected, $actual, $path);
        } else {
            if (\array_is_list($expected)) {
                Assert::assertCount(\count($expected), $actual, $path . ': ' . \json_encode($actual));
            }
            foreach ($expected as $name => $value) {
                Assert::assertArrayHasKey($name, $actual, $path);
                $this->compare($value, $actual[$name], "$path.$name");
            }
        }
    }

    private function resolve(mixed $value): mixed
    {
        return \is_string($value) && \str_starts_with($value, '$') ? $this->kept[\substr($value, 1)] : $value;
    }

    /** A value object as plain arrays, times as text. */
    private static function plain(mixed $value): mixed
    {
        return match (true) {
            $value instanceof \DateTimeInterface => $value->format('Y-m-d\TH:i:s\Z'),
            $value instanceof \BackedEnum => $value->value,
            \is_object($value) => \array_map(self::plain(...), \get_object_vars($value)),
            \is_array($value) => \array_map(self::plain(...), $value),
            default => $value,
        };
    }

    private static function failure(CallException $failure): array
    {
        return [
            'reason' => $failure->reason()?->value,
            'retryable' => $failure->retryable(),
            'fields' => \array_map(static fn (FieldProblem $wrong): string => $wrong->field, $failure->fields()),
            'oldestCursor' => $failure->oldestCursor() ?? '',
        ];
    }
}
