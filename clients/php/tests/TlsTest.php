<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Laurels\LaurelsException;
use PHPUnit\Framework\TestCase;

/**
 * Who is believed, over the leg's transport: once, where the leg goes by TLS.
 *
 * @group tls
 */
final class TlsTest extends TestCase
{
    private static function refused(Server $server, array $options): LaurelsException
    {
        try {
            // ext-grpc tries for as long as it may.
            Leg::client($server, $options + ['deadlineMs' => 3000])->recordOrFail('letter.sent', 'ada');
        } catch (LaurelsException $failure) {
            return $failure;
        }
        self::fail('this should have failed');
    }

    private static function server(string ...$more): Server
    {
        $certificates = Certificates::made();
        $arguments = ['--tls-cert', $certificates->certificate, '--tls-key', $certificates->key];
        return new Server(Conformance::read()->badges(), [...$arguments, ...\array_values($more)], 'https');
    }

    public function testACertificateOfNobodyIsNotBelieved(): void
    {
        self::assertTrue(self::refused(self::server(), ['caFile' => null])->retryable());
    }

    public function testAServerMayAskForACertificateToo(): void
    {
        $certificates = Certificates::made();
        $server = self::server('--tls-client-ca', $certificates->authority);
        self::refused($server, ['caFile' => $certificates->authority]);
        $laurels = Leg::client($server, [
            'caFile' => $certificates->authority,
            'certificateFile' => $certificates->certificate,
            'certificateKeyFile' => $certificates->key,
        ]);
        self::assertCount(1, $laurels->recordOrFail('letter.sent', 'ada')->awards);
    }

    /** tonic's own TLS offers HTTP/2 only: what speaks nothing newer than HTTP/1.1 would be turned away. */
    public function testHttp11IsServedByTlsToo(): void
    {
        $server = self::server();
        $request = new \Laurels\V1\RecordEventRequest();
        $request->setEvent(new \Laurels\V1\Event(['type' => 'letter.sent', 'user' => 'ada', 'id' => 'ada:1']));
        $handle = \curl_init($server->url() . '/laurels.v1.AchievementService/RecordEvent');
        \curl_setopt_array($handle, [
            \CURLOPT_HTTP_VERSION => \CURL_HTTP_VERSION_1_1,
            \CURLOPT_CAINFO => Certificates::made()->authority,
            \CURLOPT_POSTFIELDS => \Laurels\Transport\Frames::of($request->serializeToString()),
            \CURLOPT_HTTPHEADER => \Laurels\Transport\Framing::Web->headers(),
            \CURLOPT_RETURNTRANSFER => true,
        ]);
        $body = (string) \curl_exec($handle);
        self::assertSame('', \curl_error($handle));
        self::assertSame(\CURL_HTTP_VERSION_1_1, \curl_getinfo($handle, \CURLINFO_HTTP_VERSION));
        self::assertStringContainsString('grpc-status:0', \str_replace(' ', '', $body));
        self::assertStringContainsString('First letter', $body);
    }
}
