<?php

declare(strict_types=1);

namespace Grpc;

/**
 * Stands where ext-grpc is not loaded: Grpc\BaseStub hands its root certificates to this class whenever a stub is
 * made, also one whose calls ext-grpc does not carry.
 *
 * @internal
 */
final class ChannelCredentials
{
    public static function isDefaultRootsPemSet(): bool
    {
        return true;
    }

    public static function setDefaultRootsPem(string $pem): void
    {
    }
}
