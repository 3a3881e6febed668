<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\Client;
use Laurels\Options;
use Laurels\Transport;
use Psr\Log\LoggerInterface;

/**
 * Which corner of the matrix runs: LAURELS_TRANSPORT names the transport.
 */
final class Leg
{
    /** Long enough for a machine that is busy with other tests. */
    private const DEADLINE_MS = 20_000;

    public static function transport(): Transport
    {
        return Transport::from((string) \getenv('LAURELS_TRANSPORT'));
    }

    /** @param array<string, mixed> $options beside those of the leg */
    public static function client(Server $server, array $options = [], ?LoggerInterface $logger = null): Client
    {
        return new Client("http://{$server->address()}", options: self::options($options), logger: $logger);
    }

    /** @param array<string, mixed> $options */
    public static function options(array $options = []): Options
    {
        return new Options(...$options + [
            'transport' => self::transport(),
            'recordDeadlineMs' => self::DEADLINE_MS,
            'deadlineMs' => self::DEADLINE_MS,
        ]);
    }
}
