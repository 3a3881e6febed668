<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Where a server is.
 *
 * @internal
 */
final class Address
{
    private function __construct(
        public readonly bool $usesTls,
        public readonly string $hostAndPort,
    ) {
    }

    public static function parse(string $url): self
    {
        $pattern = '~^(?<scheme>https?)://(?<host>[\w.-]+|\[[0-9a-f:.]+\])(:(?<port>\d{1,5}))?/?\z~i';
        if (\preg_match($pattern, $url, $parts) !== 1) {
            throw new InvalidArgumentException(
                "\"$url\" is not a server's address; write one such as http://127.0.0.1:50051, or https://… for TLS"
            );
        }
        $usesTls = \strtolower($parts['scheme']) === 'https';
        $port = ($parts['port'] ?? '') === '' ? ($usesTls ? '443' : '80') : $parts['port'];
        return new self($usesTls, "{$parts['host']}:$port");
    }

    public function url(): string
    {
        return ($this->usesTls ? 'https://' : 'http://') . $this->hostAndPort;
    }
}
