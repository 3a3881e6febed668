<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\CallException;
use Laurels\Client;
use Laurels\Options;
use Laurels\Transport;
use Laurels\Transport\Frames;
use Laurels\V1\Award;
use Laurels\V1\RecordEventResponse;
use PHPUnit\Framework\TestCase;

/**
 * What becomes of answers that a well-behaved server never gives, and proxies do.
 */
final class GrpcWebTest extends TestCase
{
    private static function client(FakeServer $server): Client
    {
        return new Client($server->url, options: new Options(transport: Transport::CurlGrpcWeb, deadlineMs: 20_000));
    }

    private static function answer(): RecordEventResponse
    {
        return new RecordEventResponse(['event_id' => 'e1', 'awards' => [new Award(['title' => 'Grüße ☕'])]]);
    }

    private static function failureOf(array $answer): CallException
    {
        $server = new FakeServer([$answer]);
        try {
            self::client($server)->recordOrFail('letter.sent', 'ada');
        } catch (CallException $failure) {
            return $failure;
        }
        self::fail('this should have failed');
    }

    public function testAGoodAnswerIsRead(): void
    {
        $server = new FakeServer([FakeServer::good(self::answer())]);
        $recorded = self::client($server)->recordOrFail('letter.sent', 'ada', data: ['to' => 'ben'], subject: 7);
        self::assertSame('Grüße ☕', $recorded->awards[0]->title);
        self::assertStringContainsString('x-grpc-web: 1', $server->requests()[0]);
        self::assertMatchesRegularExpression('/^grpc-timeout: \d+m\r$/m', $server->requests()[0]);
        self::assertSame('7', $server->events()[0]->getSubject());
        self::assertSame('{"to":"ben"}', $server->events()[0]->getDataJson());
    }

    public function testACompressedAnswerIsRead(): void
    {
        $zipped = (string) \gzencode(self::answer()->serializeToString());
        $body = \pack('CN', 1, \strlen($zipped)) . $zipped . FakeServer::trailers("grpc-status:0\r\n");
        $server = new FakeServer([FakeServer::web($body, "grpc-encoding: gzip\r\n")]);
        self::assertSame('e1', self::client($server)->recordOrFail('letter.sent', 'ada')->eventId);
    }

    public function testAnAnswerWithoutAStatusIsALostConnection(): void
    {
        $failure = self::failureOf(FakeServer::web(Frames::of(self::answer()->serializeToString())));
        self::assertTrue($failure->retryable());
        self::assertSame('the answer ended without a status', $failure->getMessage());
    }

    public function testAnAnswerThatEndsWithinAMessageIsALostConnection(): void
    {
        $failure = self::failureOf(FakeServer::web(\substr(Frames::of('hello'), 0, 7)));
        self::assertTrue($failure->retryable());
    }

    public function testAConnectionThatIsClosedIsMetWithASecondAttemptUnderTheSameId(): void
    {
        $server = new FakeServer([['head' => '', 'close' => true], FakeServer::good(self::answer())]);
        self::client($server)->recordOrFail('letter.sent', 'ada');
        $events = $server->events();
        self::assertCount(2, $events);
        self::assertNotSame('', $events[0]->getId());
        self::assertSame($events[0]->serializeToString(), $events[1]->serializeToString());
    }

    public function testThereIsNoThirdAttempt(): void
    {
        $server = new FakeServer([FakeServer::refusal(14, 'gone fishing')]);
        try {
            self::client($server)->recordOrFail('letter.sent', 'ada');
            self::fail('this should have failed');
        } catch (CallException $failure) {
            self::assertSame('gone fishing', $failure->getMessage());
        }
        self::assertCount(2, $server->requests());
    }

    public function testWhatCannotPassIsNotSentAgain(): void
    {
        $server = new FakeServer([FakeServer::refusal(3, 'no 100% such thing: ☕')]);
        try {
            self::client($server)->recordOrFail('letter.sent', 'ada');
            self::fail('this should have failed');
        } catch (CallException $failure) {
            self::assertSame('no 100% such thing: ☕', $failure->getMessage());
            self::assertFalse($failure->retryable());
            self::assertNull($failure->reason());
        }
        self::assertCount(1, $server->requests());
    }

    /** @dataProvider answersOfProxies */
    public function testAProxysAnswerIsToldApart(string $head, bool $retryable, string $message): void
    {
        $failure = self::failureOf(['head' => $head . "content-length: 0\r\n\r\n"]);
        self::assertSame($retryable, $failure->retryable());
        self::assertSame($message, $failure->getMessage());
    }

    public static function answersOfProxies(): array
    {
        return [
            'bad gateway' => ["HTTP/1.1 502 Bad Gateway\r\n", true, 'the answer was HTTP 502, and not one of gRPC'],
            'forbidden' => ["HTTP/1.1 403 Forbidden\r\n", false, 'the answer was HTTP 403, and not one of gRPC'],
            'a page' => [
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n",
                true,
                'the answer\'s type is "text/html; charset=utf-8", and not application/grpc-web+proto',
            ],
        ];
    }

    public function testASilentServerHoldsUpAPageNoLongerThanTheDeadline(): void
    {
        $server = new FakeServer([['silent' => true]]);
        $log = new MemoryLogger();
        $options = new Options(transport: Transport::CurlGrpcWeb, recordDeadlineMs: 50);
        // That it comes back at all is the deadline: the server never answers.
        self::assertNull((new Client($server->url, options: $options, logger: $log))->record('letter.sent', 'ada'));
        self::assertCount(1, $log->entries);
    }

    public function testAMessageThatIsTooLargeIsNotTaken(): void
    {
        $failure = self::failureOf(FakeServer::web(\pack('CN', 0, Frames::MESSAGE_MAX_BYTES + 1) . 'x'));
        self::assertFalse($failure->retryable());
    }
}
