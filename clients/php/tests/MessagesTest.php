<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Google\Protobuf\Any;
use Google\Protobuf\Duration;
use Google\Protobuf\Timestamp;
use Laurels\Backoff;
use Laurels\ErrorDetails\BadRequest;
use Laurels\ErrorDetails\BadRequest\FieldViolation;
use Laurels\ErrorDetails\ErrorInfo;
use Laurels\ErrorDetails\RetryInfo;
use Laurels\ErrorDetails\Status;
use Laurels\ErrorReason;
use Laurels\Event;
use Laurels\Failure;
use Laurels\Notification;
use Laurels\NotificationKind;
use Laurels\Recorded;
use Laurels\Transport\CallStatus;
use Laurels\Transport\Frames;
use Laurels\Transport\Framing;
use Laurels\Transport\Head;
use Laurels\V1;
use PHPUnit\Framework\TestCase;

/**
 * What needs no server and no extension: also run by every PHP that is supported.
 *
 * @group pure
 */
final class MessagesTest extends TestCase
{
    public function testEveryFileIsRightForThisPhp(): void
    {
        $package = \dirname(__DIR__);
        $folders = ["$package/src" => 'Laurels', "$package/generated/Laurels" => 'Laurels'];
        $loaded = 0;
        foreach ($folders as $folder => $namespace) {
            $within = new \RecursiveDirectoryIterator($folder, \FilesystemIterator::SKIP_DOTS);
            foreach (new \RecursiveIteratorIterator($within) as $file) {
                $class = \strtr(\substr($file->getPathname(), \strlen($folder), -\strlen('.php')), '/', '\\');
                if ($file->getFilename() !== 'channel-credentials.php') {
                    $exists = \class_exists($namespace . $class) || \interface_exists($namespace . $class);
                    self::assertTrue($exists, $namespace . $class);
                    $loaded++;
                }
            }
        }
        self::assertGreaterThan(60, $loaded);
    }

    public function testAnEventIsWrittenWithItsDataAsJson(): void
    {
        $time = new \DateTimeImmutable('1969-12-31 23:59:59.25 UTC');
        $data = ['big' => \PHP_INT_MAX, 'half' => 1.0, 'name' => 'Zoë/☕'];
        $bytes = (new Event('letter.sent', 7, $data, 8, 'e1', $time))->request()->serializeToString();
        $read = new V1\RecordEventRequest();
        $read->mergeFromString($bytes);
        $event = $read->getEvent();
        self::assertSame(['7', '8', 'e1'], [$event->getUser(), $event->getSubject(), $event->getId()]);
        self::assertSame('{"big":9223372036854775807,"half":1.0,"name":"Zoë/☕"}', $event->getDataJson());
        self::assertEquals([-1, 250_000_000], [$event->getTime()->getSeconds(), $event->getTime()->getNanos()]);
    }

    public function testAnAnswerIsRead(): void
    {
        $time = new Timestamp(['seconds' => -1, 'nanos' => 250_000_000]);
        $award = new V1\Award(['user' => '7', 'badge' => 'b', 'time' => $time, 'points' => 5, 'tier' => 2]);
        $recorded = Recorded::of(new V1\RecordEventResponse(['event_id' => 'e1', 'awards' => [$award]]));
        self::assertFalse($recorded->duplicate);
        self::assertSame('1969-12-31 23:59:59.250000', $recorded->awards[0]->time->format('Y-m-d H:i:s.u'));
        self::assertSame([5, 2], [$recorded->awards[0]->points, $recorded->awards[0]->tier]);
    }

    public function testAKindThatIsUnknownIsPassedOver(): void
    {
        self::assertNull(Notification::of(new V1\Notification(['cursor' => 'c'])));
        $heartbeat = new V1\Notification(['cursor' => 'c', 'heartbeat' => new V1\Heartbeat(['live' => true])]);
        $read = Notification::of($heartbeat);
        self::assertSame([NotificationKind::Heartbeat, true, null], [$read?->kind, $read?->live, $read?->award]);
    }

    public function testTheDetailsOfAnErrorAreRead(): void
    {
        $info = new ErrorInfo(['reason' => 'ERROR_REASON_CURSOR_EXPIRED', 'metadata' => ['oldest' => 'c1']]);
        $wrong = new FieldViolation(['field' => 'after', 'description' => 'is too old']);
        $details = [
            self::detail('ErrorInfo', $info),
            self::detail('BadRequest', new BadRequest(['field_violations' => [$wrong]])),
            self::detail('RetryInfo', new RetryInfo(['retry_delay' => new Duration(['nanos' => 250_000_000])])),
            self::detail('Help', $info),
        ];
        $bytes = (new Status(['details' => $details]))->serializeToString();
        $failure = Failure::of(new CallStatus(11, 'too old', ['grpc-status-details-bin' => [$bytes]]));
        self::assertSame(ErrorReason::CursorExpired, $failure->reason());
        self::assertSame(['c1', 0.25, false], [
            $failure->oldestCursor(), $failure->retryAfter(), $failure->retryable(),
        ]);
        self::assertSame('is too old', $failure->fields()[0]->problem);
    }

    private static function detail(string $name, \Google\Protobuf\Internal\Message $message): Any
    {
        return new Any([
            'type_url' => "type.googleapis.com/google.rpc.$name",
            'value' => $message->serializeToString(),
        ]);
    }

    public function testFramesComeInAnyPieces(): void
    {
        $bytes = Frames::of('one') . Frames::of('') . Frames::of('three') . FakeServer::trailers("grpc-status: 0\r\n");
        for ($piece = 1; $piece <= \strlen($bytes); $piece++) {
            $frames = new Frames(Framing::Web);
            $found = [];
            foreach (\str_split($bytes, $piece) as $part) {
                self::assertTrue($frames->push($part));
                while (($message = $frames->next()) !== null) {
                    $found[] = $message;
                }
            }
            self::assertSame(['one', '', 'three'], $found);
            self::assertSame("grpc-status: 0\r\n", $frames->trailers());
            self::assertNull($frames->fault(true));
        }
    }

    /** @dataProvider broken */
    public function testWhatIsNoFrameEndsTheCall(Framing $framing, string $bytes): void
    {
        $frames = new Frames($framing);
        self::assertFalse($frames->push($bytes));
        self::assertNotNull($frames->fault(false));
    }

    public static function broken(): array
    {
        return [
            'flags of nobody' => [Framing::Web, \pack('CN', 4, 0)],
            'trailers of gRPC-Web in native gRPC' => [Framing::Native, FakeServer::trailers('grpc-status: 0')],
            'compressed, and not by gzip' => [Framing::Native, \pack('CN', 1, 2) . 'xx'],
            'a message that is too large' => [Framing::Native, \pack('CN', 0, 0xffffffff)],
        ];
    }

    public function testAMessageThatGrowsTooLargeIsNotUnpacked(): void
    {
        $bomb = (string) \gzencode(\str_repeat("\0", Frames::MESSAGE_MAX_BYTES + 1));
        $frames = new Frames(Framing::Web);
        self::assertFalse($frames->push(\pack('CN', 1, \strlen($bomb)) . $bomb));
    }

    public function testAnAnswersHeadIsTheLastOne(): void
    {
        $head = new Head();
        foreach (["HTTP/1.1 100 Continue\r\n", "grpc-status: 3\r\n", "HTTP/1.1 503 Away\r\n"] as $line) {
            $head->line($line);
        }
        self::assertSame('the answer was HTTP 503, and not one of gRPC', $head->status(Framing::Web)->details);
        $head->trailers("grpc-status: 5\r\ngrpc-message: not%20%E2%98%95\r\nx-bin: AQ,Ag==\r\n");
        $status = $head->status(Framing::Web);
        self::assertSame([5, 'not ☕', ["\1", "\2"]], [$status->code, $status->details, $status->metadata['x-bin']]);
    }

    public function testWaitsGrowToALimitAndBeginAnew(): void
    {
        $backoff = new Backoff();
        $waits = \array_map(static fn (): float => $backoff->next(), \range(1, 100));
        self::assertLessThanOrEqual(0.1, $waits[0]);
        self::assertGreaterThanOrEqual(5.0, $waits[99]);
        self::assertLessThanOrEqual(10.0, \max($waits));
        $backoff->reset();
        self::assertLessThanOrEqual(0.1, $backoff->next());
    }
}
