<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\BrowserTokens;
use Laurels\ErrorReason;
use Laurels\InvalidArgumentException;
use PHPUnit\Framework\TestCase;

/**
 * What the façade says a second time, beside the `.proto` files, and what those files must not have for PHP's sake.
 */
final class ProtocolTest extends TestCase
{
    private static function proto(string $file): string
    {
        return (string) \file_get_contents(\dirname(__DIR__, 3) . "/proto/laurels/v1/$file.proto");
    }

    public function testEveryReasonIsKnownAndRetriedAsItsBracketsSay(): void
    {
        $pattern = '/\[[A-Z_]+, (yes|no)\]\s+(ERROR_REASON_\w+) =/';
        \preg_match_all($pattern, \preg_replace('~\n\s*//~', ' ', self::proto('errors')), $found);
        $written = \array_combine($found[2], $found[1]);
        $known = [];
        foreach (ErrorReason::cases() as $reason) {
            $known[$reason->value] = $reason->isPassing() ? 'yes' : 'no';
        }
        self::assertEqualsCanonicalizing(\array_keys($written), \array_keys($known));
        foreach ($written as $reason => $retry) {
            self::assertSame($retry, $known[$reason], $reason);
        }
        $constants = (new \ReflectionClass(\Laurels\V1\ErrorReason::class))->getReflectionConstants();
        self::assertCount(\count($constants) - 1, $known, 'all but ERROR_REASON_UNSPECIFIED, which is never sent');
    }

    public function testNoFieldIsOfATypeThatPhpReadsWrong(): void
    {
        foreach (['achievements', 'admin', 'errors', 'event'] as $file) {
            // Above 2^63 they would be negative.
            self::assertDoesNotMatchRegularExpression('/^\s*(repeated )?(uint64|fixed64) /m', self::proto($file));
        }
        // Slow where protobuf is pure PHP.
        self::assertDoesNotMatchRegularExpression('/^\s*map</m', self::proto('event'));
    }

    /** Nested messages are bytes where a page seldom needs them, which is the same on the wire. */
    public function testThePagesMessagesAreTheServersFieldForField(): void
    {
        $page = (string) \file_get_contents(\dirname(__DIR__) . '/proto/laurels/page.proto');
        $server = self::proto('event') . self::proto('achievements')
            . \file_get_contents('/usr/include/google/protobuf/timestamp.proto');
        \preg_match_all('/^message (\w+) \{$(.*?)^\}$/ms', $page, $messages, \PREG_SET_ORDER);
        self::assertCount(5, $messages);
        foreach ($messages as [, $message, $body]) {
            self::assertSame(1, \preg_match('/^message ' . $message . ' \{$(.*?)^\}$/ms', $server, $found), $message);
            $theirs = self::fields($found[1]);
            foreach (self::fields($body) as $name => [$repeated, $type, $number]) {
                $of = "$message.$name";
                self::assertArrayHasKey($name, $theirs, $of);
                self::assertSame([$repeated, $number], [$theirs[$name][0], $theirs[$name][2]], $of);
                $type === 'bytes'
                    ? self::assertMatchesRegularExpression('/^[A-Z]/', $theirs[$name][1], "$of is a message")
                    : self::assertSame($type, $theirs[$name][1], $of);
            }
        }
    }

    /** @return array<string, array{string, string, string}> what each field of a message is: repeated, type, number */
    private static function fields(string $body): array
    {
        $field = '/^\s*(repeated )?(?:google\.protobuf\.)?(\w+) (\w+) = (\d+);/m';
        \preg_match_all($field, $body, $found, \PREG_SET_ORDER);
        self::assertNotSame([], $found);
        $described = static fn (array $parts): array => [$parts[1], $parts[2], $parts[4]];
        return \array_combine(\array_column($found, 3), \array_map($described, $found));
    }

    public function testAPageLoadsNothingOfTheOtherCalls(): void
    {
        // In a process of its own, since other tests have loaded it.
        $script = \sprintf(
            'require %s; (new Laurels\Event("letter.sent", "ada", ["a" => 1], null, "1", null))->request()'
            . '->serializeToString(); (new Laurels\Page\RecordEventsResponse())->mergeFromString("");'
            . 'echo json_encode(preg_grep("/Metadata|Google.Protobuf.(Struct|Timestamp)/", get_declared_classes()));',
            \var_export(__DIR__ . '/bootstrap.php', true)
        );
        $loaded = (string) \shell_exec(\PHP_BINARY . ' -r ' . \escapeshellarg($script));
        self::assertStringContainsString('Laurels\\\\Page\\\\Metadata\\\\Page', $loaded);
        self::assertStringNotContainsString('Laurels\\\\V1', $loaded);
        self::assertStringNotContainsString('Struct', $loaded);
    }

    public function testATokenIsAJwtForOneUser(): void
    {
        $secret = \str_repeat('s', 32);
        $token = (new BrowserTokens('k1', $secret))->mint('Zoë/7', 60);
        [$head, $claims, $signature] = \explode('.', $token);
        $read = static fn (string $part): array => \json_decode(\base64_decode(\strtr($part, '-_', '+/')), true);
        self::assertSame(['alg' => 'HS256', 'typ' => 'JWT', 'kid' => 'k1'], $read($head));
        $claims = $read($claims);
        self::assertSame(['Zoë/7', 'laurels', 60], [$claims['sub'], $claims['aud'], $claims['exp'] - $claims['iat']]);
        $signed = \substr($token, 0, (int) \strrpos($token, '.'));
        $own = \base64_encode(\hash_hmac('sha256', $signed, $secret, true));
        self::assertSame(\rtrim(\strtr($own, '+/', '-_'), '='), $signature);
        self::assertStringNotContainsString($secret, \print_r(new BrowserTokens('k1', $secret), true));
    }

    public function testATokenForTooLongOrWithAShortSecretIsRefused(): void
    {
        $tokens = new BrowserTokens('k1', \str_repeat('s', 32));
        $long = static fn () => $tokens->mint('ada', 3601);
        foreach ([$long, static fn () => new BrowserTokens('k1', 'short')] as $do) {
            try {
                $do();
                self::fail('this should have failed');
            } catch (InvalidArgumentException $failure) {
                self::assertFalse($failure->retryable());
            }
        }
    }
}
