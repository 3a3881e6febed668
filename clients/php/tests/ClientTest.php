<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\Client;
use Laurels\ErrorReason;
use Laurels\InvalidArgumentException;
use Laurels\LaurelsException;
use Laurels\Options;
use Laurels\Transport;
use PHPUnit\Framework\TestCase;

/**
 * The façade, where the conformance file does not reach: what PHP's people expect.
 */
final class ClientTest extends TestCase
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

    public function testTheLegRunsOverItsTransport(): void
    {
        self::assertSame(Leg::transport(), Leg::client(self::$server)->transport());
    }

    public function testBadgesAreCountedGoneThroughAndAskedFor(): void
    {
        $laurels = Leg::client(self::$server);
        $laurels->recordOrFail('letter.sent', 7, time: new \DateTimeImmutable('2026-03-01 11:00:00.123456 +01:00'));
        $badges = $laurels->badges(7);
        self::assertCount(1, $badges);
        self::assertTrue($badges->has('first-letter'));
        self::assertFalse($badges->has('writer-3'));
        foreach ($badges as $award) {
            self::assertSame('2026-03-01T10:00:00.123456+00:00', $award->time->format('Y-m-d\TH:i:s.uP'));
        }
        foreach ($laurels->listBadges() as $badge) {
            self::assertSame($badge->id === 'first-letter', $badges->hasNumber($badge->number), $badge->id);
        }
        [$progress] = $laurels->progress(7, only: ['writer-5']);
        self::assertSame(0.2, $progress->share());
    }

    public function testAllPagesAreRead(): void
    {
        $laurels = Leg::client(self::$server);
        $after = $laurels->recordOrFail('letter.sent', 'pager')->cursor;
        for ($letter = 0; $letter < 1001; $letter++) {
            $laurels->recordOrFail('letter.read', 'reader', ['author' => 'pager'], subject: "page-$letter");
        }
        self::assertCount(1002, $laurels->badges('pager'));
        // What was missed comes in one go, and is more than one answer of the server holds.
        $heard = 0;
        foreach ($laurels->notifications('pager', after: $after) as $notification) {
            if (++$heard === 1001) {
                self::assertSame('page-1000', $notification->award?->key);
                break;
            }
        }
    }

    public function testAProfileHasWhatWasSetAndWhatWasEarned(): void
    {
        $laurels = Leg::client(self::$server);
        $laurels->recordOrFail('letter.sent', 'pam');
        // The site's own administration sets it: the façade only shows.
        $address = \substr((string) \strrchr(self::$server->url(), '/'), 1);
        $options = Leg::stubOptions(self::$server);
        $update = new \Laurels\V1\UpdateProfileRequest();
        $named = ['user' => 'pam', 'name' => 'Pam ☕', 'language' => 'pt-BR', 'time_zone' => 'Europe/Rome'];
        $update->setProfile(new \Laurels\V1\Profile($named));
        [, $status] = (new \Laurels\V1\AchievementServiceClient($address, $options))->UpdateProfile($update)->wait();
        self::assertSame(0, $status->code);
        $profile = $laurels->profile('pam');
        self::assertSame(['pam', 'Pam ☕', 'pt-BR'], [$profile->user, $profile->name, $profile->language]);
        self::assertSame(['Europe/Rome', 5, 1], [$profile->timeZone, $profile->points, $profile->awardCount]);
        self::assertSame('', $laurels->profile('stranger')->name);
    }

    public function testTimesBefore1970AreKept(): void
    {
        $laurels = Leg::client(self::$server);
        $time = new \DateTimeImmutable('1969-07-20 20:17:40.5 UTC');
        self::assertEquals($time, $laurels->recordOrFail('letter.sent', 'neil', time: $time)->awards[0]->time);
    }

    public function testRecordNeverThrowsAndSaysWhyInTheLog(): void
    {
        $log = new MemoryLogger();
        $laurels = Leg::client(self::$server, logger: $log);
        self::assertNull($laurels->record('Letter Sent', 'secret-user', id: 'l:1'));
        [[$level, $message, $context]] = $log->entries;
        self::assertSame('error', $level);
        self::assertSame('Laurels has not recorded a {type}: {problem}', $message);
        self::assertSame('ERROR_REASON_INVALID_FIELD', $context['reason']);
        self::assertSame('l:1', $context['event_id']);
        self::assertInstanceOf(LaurelsException::class, $context['exception']);
    }

    /** @dataProvider mistakes */
    public function testRecordTakesAnyMistake(string $user, array $data): void
    {
        $log = new MemoryLogger();
        self::assertNull(Leg::client(self::$server, logger: $log)->record('letter.sent', $user, $data));
        self::assertInstanceOf(InvalidArgumentException::class, $log->entries[0][2]['exception']);
        $this->expectException(InvalidArgumentException::class);
        Leg::client(self::$server)->recordOrFail('letter.sent', $user, $data);
    }

    public static function mistakes(): array
    {
        return [
            'a user that is not UTF-8' => ["\xff", []],
            'data that is a list' => ['ada', ['one', 'two']],
            'data that JSON cannot say' => ['ada', ['share' => \NAN]],
            'data that is not UTF-8' => ['ada', ['text' => "\xff"]],
        ];
    }

    public function testALogThatFailsDoesNotReachThePage(): void
    {
        $log = $this->createMock(\Psr\Log\LoggerInterface::class);
        $log->method('log')->willThrowException(new \RuntimeException('the disk is full'));
        self::assertNull(Leg::client(self::$server, logger: $log)->record('Letter Sent', 'ada'));
    }

    public function testAServerThatIsNotThereIsWorthATryLater(): void
    {
        $gone = Server::withLetters();
        $gone->end();
        $laurels = Leg::client($gone);
        try {
            $laurels->recordOrFail('letter.sent', 'ada');
            self::fail('this should have failed');
        } catch (LaurelsException $failure) {
            self::assertTrue($failure->retryable());
            self::assertNull($failure->reason());
        }
        self::assertNull($laurels->record('letter.sent', 'ada'));
    }

    public function testEventsForLaterAreSentWhenAskedFor(): void
    {
        $laurels = Leg::client(self::$server);
        $laurels->recordLater('letter.sent', 'late', id: 'late:1');
        self::assertCount(0, $laurels->badges('late'));
        $before = new \DateTimeImmutable();
        $laurels->sendPending();
        [$award] = $laurels->badges('late')->awards;
        self::assertLessThanOrEqual($before, $award->time, 'its time is when it was put aside');
        $laurels->sendPending();
        self::assertTrue($laurels->recordOrFail('letter.sent', 'late', id: 'late:1', time: $award->time)->duplicate);
    }

    public function testOnlySoManyEventsWait(): void
    {
        $laurels = Leg::client(self::$server, ['laterDeadlineMs' => 60_000]);
        for ($event = 0; $event < \Laurels\Pending::EVENTS_MAX; $event++) {
            $laurels->recordLater('letter.sent', "many-$event");
        }
        self::assertCount(1, $laurels->badges('many-999'));
    }

    public function testAnExtraFieldOfAFailureIsRead(): void
    {
        try {
            Leg::client(self::$server)->recordOrFail('', '');
            self::fail('this should have failed');
        } catch (\Laurels\CallException $failure) {
            self::assertSame(ErrorReason::InvalidField, $failure->reason());
            self::assertSame(['event.type', 'event.user'], \array_column($failure->fields(), 'field'));
            self::assertNotSame('', $failure->fields()[1]->problem);
        }
    }

    /** @dataProvider addresses */
    public function testAnAddressThatIsNoneIsRefusedAtOnce(string $url): void
    {
        $this->expectException(InvalidArgumentException::class);
        new Client($url);
    }

    public static function addresses(): array
    {
        return [
            ['127.0.0.1:50051'], ['ftp://127.0.0.1'], ['http://127.0.0.1/path'], ['http://user@host:1'], ['http://'],
            ['http://127.0.0.1:50051?x'],
        ];
    }

    public function testAKeyWithALineBreakIsRefusedAndNotShown(): void
    {
        try {
            new Client('http://127.0.0.1:1', key: "lk_secret\n");
            self::fail('this should have failed');
        } catch (InvalidArgumentException $failure) {
            self::assertStringNotContainsString('lk_secret', (string) $failure);
        }
    }

    public function testATransportIsChosenByWhatIsLoaded(): void
    {
        $expected = \extension_loaded('grpc') ? Transport::Extension : Transport::CurlGrpcWeb;
        self::assertSame($expected, Transport::Auto->resolve());
        self::assertSame($expected, (new Client('http://127.0.0.1:1'))->transport());
    }

    public function testOptionsThatDoNotFitAreRefused(): void
    {
        foreach ([['deadlineMs' => 0], ['certificateFile' => __FILE__], ['caFile' => '/nowhere']] as $options) {
            try {
                new Options(...$options);
                self::fail('this should have failed');
            } catch (InvalidArgumentException $failure) {
                self::assertFalse($failure->retryable());
            }
        }
    }
}
