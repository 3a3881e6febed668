<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Mints tokens with which a browser reads one user's badges and listens to that user's notifications, and can do
 * nothing else. Nothing is asked of the server: the signing key is known to both.
 *
 *     $tokens = new BrowserTokens($keyId, $secret);
 *     $token = $tokens->mint($userId);
 */
final class BrowserTokens
{
    /** How long a token lives if nothing else is said. */
    public const SECONDS = 600;

    /** How long the server lets a token live at most. */
    public const SECONDS_MAX = 3600;

    /** Shortest secret that the server takes, in bytes. */
    private const SECRET_MIN_BYTES = 32;

    /**
     * @param string $keyId the id of the signing key
     * @param string $secret of the signing key: not the API key, and never sent to anybody
     */
    public function __construct(
        private readonly string $keyId,
        #[\SensitiveParameter]
        private readonly string $secret,
    ) {
        if (\strlen($secret) < self::SECRET_MIN_BYTES) {
            throw new InvalidArgumentException(
                'the secret of a signing key has at least ' . self::SECRET_MIN_BYTES . ' bytes; is it whole?'
            );
        }
    }

    /**
     * A token for one user's browser.
     *
     * @param int $seconds how long it lives; a page that stays open longer asks the site for another
     */
    public function mint(string|int $user, int $seconds = self::SECONDS): string
    {
        if ($seconds < 1 || $seconds > self::SECONDS_MAX) {
            throw new InvalidArgumentException('a token lives 1 to ' . self::SECONDS_MAX . ' seconds');
        }
        $now = \time();
        $signed = self::part(['alg' => 'HS256', 'typ' => 'JWT', 'kid' => $this->keyId]) . '.' . self::part([
            'sub' => Utf8::checked((string) $user, 'the user'),
            'aud' => 'laurels',
            'iat' => $now,
            'exp' => $now + $seconds,
        ]);
        return $signed . '.' . self::text(\hash_hmac('sha256', $signed, $this->secret, true));
    }

    /** Says nothing of the secret to var_dump() and its like. */
    public function __debugInfo(): array
    {
        return ['keyId' => $this->keyId];
    }

    /** @param array<string, string|int> $content */
    private static function part(array $content): string
    {
        return self::text(\json_encode($content, \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_SLASHES));
    }

    /** Base64 as RFC 7515 has it. */
    private static function text(string $bytes): string
    {
        return \rtrim(\strtr(\base64_encode($bytes), '+/', '-_'), '=');
    }
}
