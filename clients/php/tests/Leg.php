<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\Client;
use Laurels\Options;
use Laurels\Transport;
use Laurels\Transport\CurlInvoker;
use Laurels\Transport\CurlSettings;
use Laurels\Transport\Framing;
use Psr\Log\LoggerInterface;

/**
 * Which corner of the matrix runs: LAURELS_TRANSPORT names the transport, and LAURELS_TLS is 1 where it is by TLS.
 */
final class Leg
{
    /** Long enough for a machine that is busy with other tests. */
    private const DEADLINE_MS = 20_000;

    public static function transport(): Transport
    {
        return Transport::from((string) \getenv('LAURELS_TRANSPORT'));
    }

    public static function usesTls(): bool
    {
        return \getenv('LAURELS_TLS') === '1';
    }

    /** @return ?string the certificates to believe */
    public static function caFile(): ?string
    {
        return self::usesTls() ? Certificates::made()->authority : null;
    }

    /** @return list<string> what `laurels serve` is told besides */
    public static function serverArguments(): array
    {
        if (!self::usesTls()) {
            return [];
        }
        $certificates = Certificates::made();
        return ['--tls-cert', $certificates->certificate, '--tls-key', $certificates->key];
    }

    /** @param array<string, mixed> $options beside those of the leg */
    public static function client(
        Server $server,
        array $options = [],
        ?LoggerInterface $logger = null,
        ?string $key = null,
    ): Client {
        return new Client($server->url(), $key, self::options($options), $logger);
    }

    /**
     * What a generated stub is made with, without the façade, where curl carries its calls.
     *
     * @return array<string, mixed>
     */
    public static function stubOptions(Server $server): array
    {
        $settings = new CurlSettings($server->url(), self::caFile());
        return ['credentials' => null, 'grpc_call_invoker' => new CurlInvoker($settings, Framing::Native)];
    }

    /** @param array<string, mixed> $options */
    public static function options(array $options = []): Options
    {
        return new Options(...$options + [
            'transport' => self::transport(),
            'recordDeadlineMs' => self::DEADLINE_MS,
            'deadlineMs' => self::DEADLINE_MS,
            'caFile' => self::caFile(),
        ]);
    }
}
