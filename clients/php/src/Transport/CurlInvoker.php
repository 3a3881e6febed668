<?php

declare(strict_types=1);

namespace Laurels\Transport;

use Grpc\CallInvoker;

// phpcs:disable PSR1.Methods.CamelCapsMethodName -- the names are those of the interface

/**
 * Carries the calls of generated stubs by ext-curl, whether or not ext-grpc is loaded:
 *
 *     new AchievementServiceClient('127.0.0.1:50051', [
 *         'credentials' => null,
 *         'grpc_call_invoker' => new CurlInvoker(new CurlSettings('http://127.0.0.1:50051'), Framing::Web),
 *     ]);
 *
 * Deadlines (the call option `timeout`, in microseconds), cancelling, TLS, compressed answers, details of errors.
 * RecordEvents is sent by writesDone(), all at once: write() all events before, and read() the answers afterwards.
 */
final class CurlInvoker implements CallInvoker
{
    public function __construct(
        private readonly CurlSettings $settings,
        private readonly Framing $framing,
    ) {
        // What the stubs' base class asks of ext-grpc when it is made, whatever carries the calls.
        if (!\class_exists(\Grpc\ChannelCredentials::class)) {
            require __DIR__ . '/channel-credentials.php';
        }
    }

    /**
     * @param string $hostname
     * @param array<string, mixed> $opts
     */
    public function createChannelFactory($hostname, $opts): CurlChannel
    {
        return new CurlChannel($this->settings, $this->framing);
    }

    /**
     * @param CurlChannel $channel
     * @param string $method
     * @param array{class-string, string} $deserialize
     * @param array<string, mixed> $options
     */
    public function UnaryCall($channel, $method, $deserialize, $options): CurlUnaryCall
    {
        return new CurlUnaryCall($channel, $method, $deserialize[0], $options);
    }

    /**
     * @param CurlChannel $channel
     * @param string $method
     * @param array{class-string, string} $deserialize
     * @param array<string, mixed> $options
     */
    public function ServerStreamingCall($channel, $method, $deserialize, $options): CurlStreamingCall
    {
        return new CurlStreamingCall($channel, $method, $deserialize[0], $options);
    }

    /**
     * @param CurlChannel $channel
     * @param string $method
     * @param array{class-string, string} $deserialize
     * @param array<string, mixed> $options
     */
    public function BidiStreamingCall($channel, $method, $deserialize, $options): CurlExchange
    {
        return new CurlExchange($channel, $method, $deserialize[0], $options);
    }

    public function ClientStreamingCall($channel, $method, $deserialize, $options): never
    {
        throw new \BadMethodCallException("$method streams upwards for one answer, which no call of Laurels does");
    }
}
