<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\Batch;
use Laurels\CallException;
use Laurels\ErrorReason;
use Laurels\Event;
use Laurels\InvalidArgumentException;
use Laurels\V1\AchievementServiceClient;
use Laurels\V1\Event as Message;
use Laurels\V1\RecordEventsRequest;
use PHPUnit\Framework\TestCase;

/**
 * Events that are recorded together, by the real server.
 */
final class BatchTest extends TestCase
{
    private static ?Server $server = null;

    public static function setUpBeforeClass(): void
    {
        self::$server = Server::withLetters();
    }

    public static function tearDownAfterClass(): void
    {
        self::$server = null;
    }

    public function testEventsAreRecordedInOrderAndAnsweredByTheirKeys(): void
    {
        $laurels = Leg::client(self::$server);
        $before = $laurels->recordOrFail('letter.sent', 'bob', id: 'bob:1');
        $time = new \DateTimeImmutable('2026-03-01 10:00 UTC');
        $recorded = $laurels->recordAllOrFail([
            'first' => new Event('letter.sent', 'bea', id: 'bea:1', time: $time),
            'again' => new Event('letter.sent', 'bob', id: 'bob:1'),
            'read' => new Event('letter.read', 'bob', ['author' => 'bea'], subject: 7),
        ]);
        self::assertSame(['first', 'again', 'read'], \array_keys($recorded));
        self::assertSame('bea:1', $recorded['first']->eventId);
        self::assertSame('2026-03-01T10:00:00', $recorded['first']->awards[0]->time->format('Y-m-d\TH:i:s'));
        self::assertTrue($recorded['again']->duplicate);
        self::assertSame($before->cursor, $recorded['again']->cursor);
        self::assertSame(['bea', '7'], [$recorded['read']->awards[0]->user, $recorded['read']->awards[0]->key]);
        self::assertSame([], $laurels->recordAllOrFail([]));
    }

    public function testOneThatIsRefusedStopsNoOther(): void
    {
        $log = new MemoryLogger();
        $laurels = Leg::client(self::$server, logger: $log);
        $events = [
            new Event('letter.sent', 'cy'),
            new Event('Letter Sent', 'cy', id: 'cy:2'),
            new Event('letter.sent', "\xff", id: 'cy:3'),
            new Event('letter.sent', 'di'),
        ];
        $recorded = $laurels->recordAll($events);
        self::assertSame('cy', $recorded[0]?->awards[0]->user);
        self::assertNull($recorded[1]);
        self::assertNull($recorded[2]);
        self::assertSame('di', $recorded[3]?->awards[0]->user);
        $logged = \array_column($log->entries, 2);
        self::assertSame(['cy:2', 'cy:3'], \array_column($logged, 'event_id'));
        self::assertSame('ERROR_REASON_INVALID_FIELD', $logged[0]['reason']);
        self::assertInstanceOf(InvalidArgumentException::class, $logged[1]['exception']);
        try {
            $laurels->recordAllOrFail($events);
            self::fail('this should have failed');
        } catch (CallException $failure) {
            self::assertSame(ErrorReason::InvalidField, $failure->reason());
            self::assertSame(['event.type'], \array_column($failure->fields(), 'field'));
            self::assertFalse($failure->retryable());
        }
        self::assertCount(1, $laurels->badges('di'));
    }

    public function testMoreEventsThanOneCallTakesGoBySeveral(): void
    {
        $events = [];
        for ($letter = 0; $letter <= Batch::EVENTS_MAX; $letter++) {
            $events[] = new Event('letter.sent', 'eve', id: "eve:$letter");
        }
        $recorded = Leg::client(self::$server)->recordAllOrFail($events);
        $ids = \array_map(static fn (object $event): string => $event->eventId, $recorded);
        self::assertSame(\array_column($events, 'id'), $ids);
        self::assertSame('writer-5', $recorded[4]->awards[0]->badge);
    }

    public function testAServerThatIsNotThereIsSaidOfEach(): void
    {
        $gone = Server::withLetters();
        $gone->end();
        $log = new MemoryLogger();
        $laurels = Leg::client($gone, logger: $log);
        self::assertSame([null, null], $laurels->recordAll([new Event('a.b', 'x'), new Event('a.b', 'x')]));
        self::assertSame(['warning', 'warning'], \array_column($log->entries, 0));
    }

    public function testTheFirstEventsAfterARestartComeThrough(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        foreach ([\SIGTERM, \SIGKILL] as $signal) {
            $laurels->recordAllOrFail([new Event('letter.sent', 'ada'), new Event('letter.sent', 'ada')]);
            $server->restart($signal);
        }
        $laurels->recordAllOrFail([new Event('letter.sent', 'ada')]);
        self::assertCount(3, $laurels->badges('ada'));
    }

    /** The generated stub, as who uses it without the façade has it. */
    public function testAStubStreamsEventsOverCurl(): void
    {
        $address = \substr((string) \strrchr(self::$server->url(), '/'), 1);
        $stub = new AchievementServiceClient($address, Leg::stubOptions(self::$server));
        $call = $stub->RecordEvents();
        foreach (['fay:1', 'fay:2'] as $id) {
            $event = new Message(['id' => $id, 'type' => 'letter.sent', 'user' => 'fay']);
            $call->write(new RecordEventsRequest(['event' => $event]));
        }
        $call->writesDone();
        self::assertSame('fay:1', $call->read()->getRecorded()->getEventId());
        self::assertEquals(1, $call->read()->getIndex());
        self::assertNull($call->read());
        self::assertSame(0, $call->getStatus()->code);
    }
}
