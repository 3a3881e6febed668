<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\NotificationKind;
use Laurels\Transport;
use Laurels\Transport\CallStatus;
use Laurels\Transport\Framing;
use Laurels\Transport\Head;
use Laurels\Transport\StatusCode;
use PHPUnit\Framework\TestCase;

/**
 * What is known to go wrong between PHP and gRPC, each with a server that is there for this test alone.
 */
final class TrapsTest extends TestCase
{
    /** libcurl 7.88.0 and 7.88.1 fail the second request over a connection that began with prior knowledge. */
    public function testManyCallsShareOneConnection(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        for ($call = 1; $call <= 5; $call++) {
            $laurels->recordOrFail('letter.sent', 'ada', id: "ada:$call");
            self::assertSame(1, Connections::to($server->port()), "after call $call");
        }
    }

    /** What is opened instead of a lost connection may speak HTTP/1.1; ext-grpc answers UNAVAILABLE once. */
    public function testTheFirstCallAfterARestartComesThrough(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        foreach ([\SIGTERM, \SIGKILL] as $signal) {
            $laurels->recordOrFail('letter.sent', 'ada');
            $server->restart($signal);
        }
        self::assertCount(1, $laurels->badges('ada'));
    }

    /** libcurl 7.88.1 loses trailers after a GOAWAY. */
    public function testAnAnswerWithoutTrailersIsALostConnection(): void
    {
        $head = new Head();
        $head->line("HTTP/2 200 \r\n");
        $head->line("content-type: application/grpc+proto\r\n");
        self::assertSame(StatusCode::Unavailable->value, $head->status(Framing::Native)->code);
        $head->line("grpc-status: 0\r\n");
        self::assertEquals(0, $head->status(Framing::Native)->code);
    }

    /** curl answers PINGs only while it is driven: whoever is slow between two notifications must miss nothing. */
    public function testASlowReaderMissesNothing(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        $heard = [];
        foreach ($laurels->notifications(heartbeats: true, heartbeatSeconds: 1) as $notification) {
            if ($notification->award !== null) {
                $heard[] = $notification->award->user;
            }
            if ($heard === [] && $notification->live) {
                $laurels->recordOrFail('letter.sent', 'one');
                // More heartbeats than may be missed.
                \sleep(4);
                $laurels->recordOrFail('letter.sent', 'two');
            }
            if (\count($heard) === 2) {
                break;
            }
        }
        self::assertSame(['one', 'two'], $heard);
    }

    /**
     * A program may work for most of a minute between two notifications, and curl answers no PING meanwhile. What is
     * beneath the PINGs changes nothing about them, so once without TLS is enough.
     *
     * @group plain
     */
    public function testAStreamThatIsNotDrivenForAMinuteStillStands(): void
    {
        // The shortest that a server may be set to: a PING after a second, and a minute for its answer.
        $shortest = ['--limits-keep-alive-interval', '1s', '--limits-keep-alive-timeout', '1m'];
        $server = Server::withLetters(...$shortest);
        $laurels = Leg::client($server);
        $standing = null;
        foreach ($laurels->notifications(heartbeats: true, heartbeatSeconds: 60) as $notification) {
            if ($standing === null) {
                $standing = Connections::to($server->port());
                \sleep(58);
                self::assertSame($standing, Connections::to($server->port()));
                $laurels->recordOrFail('letter.sent', 'ada');
            } elseif ($notification->award !== null) {
                break;
            }
        }
    }

    /** A stream over a shared connection would be cancelled late. */
    public function testTheServerLearnsAtOnceThatNobodyListens(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        $laurels->recordOrFail('letter.sent', 'ada');
        $standing = Connections::to($server->port());
        foreach ($laurels->notifications(heartbeats: true) as $notification) {
            self::assertSame(NotificationKind::Heartbeat, $notification->kind);
            break;
        }
        if (Leg::transport() === Transport::Extension) {
            // One connection carries all, and a cancelled stream is a frame of it.
            self::assertSame($standing, Connections::to($server->port()));
        } else {
            Connections::await($server->port(), $standing);
        }
        self::assertCount(1, $laurels->badges('ada'));
    }

    /** ext-grpc drops all but the last value of a repeated metadata key: the details of an error are one value. */
    public function testAllDetailsOfAnErrorArrive(): void
    {
        $server = Server::withLetters();
        try {
            Leg::client($server)->recordOrFail('No Type', '', ['a' => 1]);
            self::fail('this should have failed');
        } catch (\Laurels\CallException $failure) {
            self::assertSame('ERROR_REASON_INVALID_FIELD', $failure->reason()?->value);
            self::assertCount(2, $failure->fields());
        }
    }

    /** ext-grpc breaks in a process that forks after it was used; curl's connections must not be shared with it. */
    public function testAForkedProcessGoesOn(): void
    {
        $server = Server::withLetters();
        $laurels = Leg::client($server);
        $laurels->recordOrFail('letter.sent', 'parent');
        $child = \pcntl_fork();
        if ($child === 0) {
            try {
                $laurels->recordOrFail('letter.sent', 'child');
            } catch (\Throwable $failure) {
                \fwrite(\STDERR, (string) $failure);
            }
            // Without a word of PHPUnit's, and without taking down what is the parent's.
            \posix_kill((int) \getmypid(), \SIGKILL);
        }
        \pcntl_waitpid($child, $status);
        $laurels->recordOrFail('letter.sent', 'parent');
        self::assertCount(1, $laurels->badges('child'));
        self::assertCount(1, $laurels->badges('parent'));
    }

    /** A status of a proxy, or of a newer gRPC, is no reason to fail in another way. */
    public function testAStatusThatIsUnknownIsAFailureLikeOthers(): void
    {
        $failure = \Laurels\Failure::of(new CallStatus(99, '', ['grpc-status-details-bin' => ["\xff\xff"]]));
        self::assertSame('the server answered Unknown', $failure->getMessage());
        self::assertTrue($failure->retryable());
    }
}
