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

    public function testAPageEncodesNoStruct(): void
    {
        // In a process of its own, since another test may have loaded it.
        $script = \sprintf(
            'require %s; (new Laurels\Event("letter.sent", "ada", ["a" => ["b" => 1]], null, "1", null))->request()'
            . '->serializeToString(); echo class_exists("Google\\\\Protobuf\\\\Struct", false) ? "loaded" : "absent";',
            \var_export(__DIR__ . '/bootstrap.php', true)
        );
        self::assertSame('absent', \shell_exec(\PHP_BINARY . ' -r ' . \escapeshellarg($script)));
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
