<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\Transport;
use Laurels\V1\RecordEventResponse;
use Laurels\V1\RecordEventsResponse;
use PHPUnit\Framework\TestCase;

/**
 * Pages under a real php-fpm.
 */
final class FpmTest extends TestCase
{
    public function testPagesRecordAndShow(): void
    {
        $server = Server::withLetters();
        $fpm = new Fpm();
        $ask = static fn (string $user): string
            => $fpm->get($server->url(), ['do' => 'record', 'user' => $user]);
        self::assertSame("1 new, 1 in all\n", $ask('ada'));
        // The same worker: with ext-grpc, the same connection.
        self::assertSame("0 new, 1 in all\n", $ask('ada'));
        self::assertSame("1 new, 2 in all\n", $ask('ada'));
        $server->restart(\SIGKILL);
        self::assertSame("1 new, 1 in all\n", $ask('ben'));
    }

    public function testAnEventForLaterIsSentWhenThePageIsOut(): void
    {
        if (Leg::transport() !== Transport::CurlGrpcWeb) {
            $this->eventsForLaterArrive();
            return;
        }
        $kept = new RecordEventsResponse(['recorded' => new RecordEventResponse()]);
        $server = new FakeServer([['hold' => true] + FakeServer::stream([$kept])]);
        $fpm = new Fpm();
        // The server has not answered, and does not before the page is here.
        self::assertSame("body\nfooter\n", $fpm->get($server->url, ['do' => 'record-later', 'user' => 'ada']));
        $server->go();
        self::assertSame("body\nfooter\n", $fpm->get($server->url, ['do' => 'record-later', 'user' => 'ben']));
        self::assertSame('ada', $server->events()[0]->getUser());
    }

    public function testAPageIsNotHeldUpByAServerThatDoesNotAnswer(): void
    {
        $server = new FakeServer([['silent' => true]]);
        $fpm = new Fpm();
        self::assertSame("null\n", $fpm->get($server->url, ['do' => 'record-in-vain', 'user' => 'ada']));
    }

    private function eventsForLaterArrive(): void
    {
        $server = Server::withLetters();
        $fpm = new Fpm();
        $url = $server->url();
        self::assertSame("body\nfooter\n", $fpm->get($url, ['do' => 'record-later', 'user' => 'ada']));
        // There is one worker: it has sent what it had to when it takes this.
        self::assertSame("0 new, 1 in all\n", $fpm->get($url, ['do' => 'record', 'user' => 'ada']));
    }
}
