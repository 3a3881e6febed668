<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\BrowserTokens;
use Laurels\CallException;
use Laurels\ErrorReason;
use PHPUnit\Framework\TestCase;

/**
 * A server that asks who is there.
 */
final class KeysTest extends TestCase
{
    private static ?Server $server = null;

    private static string $key;

    private static string $recordKey;

    private static BrowserTokens $tokens;

    public static function setUpBeforeClass(): void
    {
        self::$server = Server::withLetters();
        self::$key = self::$server->makeKey('--scope', 'record,read,watch')['key'];
        self::$recordKey = self::$server->makeKey('--scope', 'record')['key'];
        $signing = self::$server->makeKey('--signing');
        self::$tokens = new BrowserTokens($signing['kid'], $signing['secret']);
        self::$server->restart();
    }

    public static function tearDownAfterClass(): void
    {
        self::$server = null;
    }

    /** @param \Closure(): mixed $call */
    private static function refused(\Closure $call): ?ErrorReason
    {
        try {
            $call();
        } catch (CallException $failure) {
            self::assertFalse($failure->retryable());
            return $failure->reason();
        }
        self::fail('this should have been refused');
    }

    public function testAKeyOpensWhatItIsFor(): void
    {
        $laurels = Leg::client(self::$server, key: self::$key);
        $laurels->recordOrFail('letter.sent', 'ada');
        self::assertCount(1, $laurels->badges('ada'));
        foreach ($laurels->notifications('ada', fromBeginning: true) as $notification) {
            self::assertSame('first-letter', $notification->award?->badge);
            break;
        }
        $records = Leg::client(self::$server, key: self::$recordKey);
        $records->recordOrFail('letter.sent', 'ada');
        self::assertSame(ErrorReason::PermissionDenied, self::refused(static fn () => $records->badges('ada')));
    }

    public function testNobodyComesInWithoutAKeyOrWithAnother(): void
    {
        $nobody = Leg::client(self::$server);
        self::assertSame(ErrorReason::CredentialsMissing, self::refused(static fn () => $nobody->badges('ada')));
        $other = Leg::client(self::$server, key: \substr(self::$key, 0, -4) . '0000');
        self::assertSame(ErrorReason::CredentialsInvalid, self::refused(static fn () => $other->badges('ada')));
    }

    /** Refused before it was whole, a call's stream was reset behind the answer, and libcurl 7.88 lost the answer. */
    public function testARefusalArrivesHoweverEarlyItComes(): void
    {
        $nobody = Leg::client(self::$server);
        $listens = static fn () => \iterator_to_array($nobody->notifications('ada'));
        for ($time = 0; $time < 30; $time++) {
            self::assertSame(ErrorReason::CredentialsMissing, self::refused($listens));
        }
    }

    public function testABrowserTokenReadsItsUserAndNothingElse(): void
    {
        Leg::client(self::$server, key: self::$key)->recordOrFail('letter.sent', 'tom');
        $browser = Leg::client(self::$server, key: self::$tokens->mint('tom'));
        self::assertCount(1, $browser->badges('tom'));
        $refused = [
            static fn () => $browser->badges('ada'),
            static fn () => $browser->recordOrFail('letter.sent', 'tom'),
        ];
        foreach ($refused as $call) {
            self::assertSame(ErrorReason::PermissionDenied, self::refused($call));
        }
    }

    public function testAKeyIsNotShownByWhatShowsAClient(): void
    {
        $log = new MemoryLogger();
        $laurels = Leg::client(self::$server, logger: $log, key: self::$key);
        $laurels->record('No Type', 'ada');
        self::assertCount(1, $log->entries);
        \ob_start();
        \var_dump($laurels);
        $shown = \ob_get_clean() . \print_r($log->entries, true) . $log->entries[0][2]['exception'];
        self::assertStringNotContainsString(self::$key, $shown);
    }
}
