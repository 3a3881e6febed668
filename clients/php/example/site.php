<?php

declare(strict_types=1);

namespace Example;

use Laurels\BrowserTokens;
use Laurels\Client;

/**
 * What the pages need, put together once, from the environment.
 */
final class Site
{
    private function __construct(
        public readonly Client $laurels,
        public readonly string $address,
        private readonly ?BrowserTokens $tokens,
    ) {
    }

    /**
     * LAURELS_SERVER is the address, also for the browser; LAURELS_KEY an API key with the scopes record and read;
     * LAURELS_SIGNING_KEY the id of a signing key, a colon, and its secret. A server without keys needs neither.
     */
    public static function fromEnvironment(): self
    {
        $address = \getenv('LAURELS_SERVER') ?: 'http://127.0.0.1:50051';
        $signing = \explode(':', (string) \getenv('LAURELS_SIGNING_KEY'), 2);
        $tokens = \count($signing) === 2 ? new BrowserTokens(...$signing) : null;
        return new self(new Client($address, \getenv('LAURELS_KEY') ?: null), $address, $tokens);
    }

    /** With it, this user's browser listens to the server itself; empty where the server has no keys. */
    public function token(string $user): string
    {
        return $this->tokens?->mint($user) ?? '';
    }
}

/** Text for HTML. */
function html(string|int|float $text): string
{
    return \htmlspecialchars((string) $text, \ENT_QUOTES);
}
