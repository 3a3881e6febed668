<?php

declare(strict_types=1);

namespace Laurels\Transport;

// phpcs:disable PSR2.Methods.MethodDeclaration.Underscore -- the names are those of Grpc\BaseStub

/**
 * The generated stub over ext-curl. It does without the constructor of Grpc\BaseStub, which reads a quarter of a
 * megabyte of certificates and parses a JSON file whenever a stub is made, whatever carries its calls.
 *
 * @internal
 */
final class CurlStub extends Stub
{
    // phpcs:ignore -- the parent's constructor is passed over
    public function __construct(private readonly CurlChannel $connection)
    {
    }

    protected function _simpleRequest(
        $method,
        $argument,
        $deserialize,
        array $metadata = [],
        array $options = [],
    ): CurlUnaryCall {
        $call = new CurlUnaryCall($this->connection, $method, $deserialize[0], $options);
        $call->start($argument, $metadata);
        return $call;
    }

    protected function _serverStreamRequest(
        $method,
        $argument,
        $deserialize,
        array $metadata = [],
        array $options = [],
    ): CurlStreamingCall {
        $call = new CurlStreamingCall($this->connection, $method, $deserialize[0], $options);
        $call->start($argument, $metadata);
        return $call;
    }

    protected function _bidiRequest($method, $deserialize, array $metadata = [], array $options = []): CurlExchange
    {
        $call = new CurlExchange($this->connection, $method, $deserialize[0], $options);
        $call->start($metadata);
        return $call;
    }
}
