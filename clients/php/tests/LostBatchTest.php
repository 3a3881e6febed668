<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Google\Protobuf\Duration;
use Laurels\Client;
use Laurels\Event;
use Laurels\LaurelsException;
use Laurels\Options;
use Laurels\Transport;
use Laurels\V1\ErrorReason;
use Laurels\V1\EventError;
use Laurels\V1\RecordEventResponse;
use Laurels\V1\RecordEventsResponse;
use PHPUnit\Framework\TestCase;

/**
 * What becomes of events that are recorded together when a server answers some of them only.
 *
 * @group plain
 */
final class LostBatchTest extends TestCase
{
    private static function client(FakeServer $server): Client
    {
        return new Client($server->url, options: new Options(transport: Transport::CurlGrpcWeb, deadlineMs: 20_000));
    }

    /** @return list<Event> */
    private static function three(): array
    {
        return \array_map(static fn (string $id): Event => new Event('letter.sent', 'ada', id: $id), ['a', 'b', 'c']);
    }

    private static function kept(string $id): RecordEventsResponse
    {
        return new RecordEventsResponse(['recorded' => new RecordEventResponse(['event_id' => $id])]);
    }

    private static function refused(int $reason, ?Duration $delay = null): RecordEventsResponse
    {
        $error = new EventError(['reason' => $reason, 'message' => 'no', 'field' => 'event.x']);
        $error->setRetryDelay($delay);
        return new RecordEventsResponse(['error' => $error]);
    }

    /** @return list<list<string>> the ids of the events of each request */
    private static function sent(FakeServer $server): array
    {
        $ids = static fn (array $events): array
            => \array_map(static fn (object $event): string => $event->getId(), $events);
        return \array_map($ids, $server->eventsByRequest());
    }

    /** @param list<Event> $events */
    private static function failureOf(FakeServer $server, array $events): LaurelsException
    {
        try {
            self::client($server)->recordAllOrFail($events);
        } catch (LaurelsException $failure) {
            return $failure;
        }
        self::fail('this should have failed');
    }

    public function testAllGoByOneRequest(): void
    {
        $server = new FakeServer([FakeServer::stream([self::kept('a'), self::kept('b'), self::kept('c')])]);
        $recorded = self::client($server)->recordAllOrFail(self::three());
        self::assertSame(['a', 'b', 'c'], \array_column($recorded, 'eventId'));
        self::assertSame([['a', 'b', 'c']], self::sent($server));
        self::assertStringContainsString('/RecordEvents HTTP/1.1', $server->requests()[0]);
    }

    public function testEventsForLaterGoByOneRequest(): void
    {
        $server = new FakeServer([FakeServer::stream([self::kept('a'), self::kept('b')])]);
        $laurels = self::client($server);
        $laurels->recordLater('letter.sent', 'ada', id: 'a');
        $laurels->recordLater('letter.sent', 'ada', id: 'b');
        $laurels->sendPending();
        self::assertSame([['a', 'b']], self::sent($server));
    }

    public function testWhatWasNotAnsweredIsSentOnceMoreAndNothingElse(): void
    {
        $lost = FakeServer::stream([self::kept('a')], "grpc-status: 14\r\n");
        $server = new FakeServer([$lost, FakeServer::stream([self::kept('b'), self::kept('c')])]);
        $recorded = self::client($server)->recordAllOrFail(self::three());
        self::assertSame(['a', 'b', 'c'], \array_column($recorded, 'eventId'));
        self::assertSame([['a', 'b', 'c'], ['b', 'c']], self::sent($server));
    }

    public function testAStreamThatEndsTooEarlyIsALostConnection(): void
    {
        $server = new FakeServer([FakeServer::stream([self::kept('a'), self::kept('b')])]);
        // The second attempt is answered by the first of these answers.
        self::assertCount(3, self::client($server)->recordAllOrFail(self::three()));
        $server = new FakeServer([FakeServer::stream([])]);
        self::assertTrue(self::failureOf($server, self::three())->retryable());
        self::assertSame([['a', 'b', 'c'], ['a', 'b', 'c']], self::sent($server), 'there is no third attempt');
    }

    public function testARefusalThatMayPassIsMetWithASecondAttemptAndAnotherIsNot(): void
    {
        $busy = self::refused(ErrorReason::ERROR_REASON_OVERLOADED, new Duration(['nanos' => 1_000_000]));
        $wrong = self::refused(ErrorReason::ERROR_REASON_INVALID_FIELD);
        $server = new FakeServer([
            FakeServer::stream([$busy, $wrong, self::kept('c')]),
            FakeServer::stream([self::kept('a')]),
        ]);
        $recorded = self::client($server)->recordAll(self::three());
        self::assertSame(['a', null, 'c'], \array_map(static fn (?object $one) => $one?->eventId, $recorded));
        self::assertSame([['a', 'b', 'c'], ['a']], self::sent($server));
    }

    public function testAnEventIsNotSentAgainWhenThePatienceAskedForIsTooLong(): void
    {
        $busy = self::refused(ErrorReason::ERROR_REASON_OVERLOADED, new Duration(['seconds' => 3600]));
        $server = new FakeServer([FakeServer::stream([$busy])]);
        $failure = self::failureOf($server, [self::three()[0]]);
        self::assertTrue($failure->retryable());
        self::assertSame(3600.0, $failure->retryAfter());
        self::assertSame([['a']], self::sent($server));
    }

    public function testAReasonOfANewerServerIsNoError(): void
    {
        $failure = self::failureOf(new FakeServer([FakeServer::stream([self::refused(9999)])]), [self::three()[0]]);
        self::assertNull($failure->reason());
        self::assertSame('no', $failure->getMessage());
        self::assertSame('event.x', $failure->fields()[0]->field);
    }
}
