<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What carries the calls.
 */
enum Transport: string
{
    /** ext-grpc where it is loaded, and gRPC-Web by ext-curl otherwise. */
    case Auto = 'auto';

    /** The C extension grpc. */
    case Extension = 'grpc';

    /** ext-curl with gRPC-Web framing: HTTP/1.1, through any proxy. */
    case CurlGrpcWeb = 'curl-grpc-web';

    /** ext-curl with gRPC as it is: HTTP/2 all the way. */
    case CurlNative = 'curl-native';

    /**
     * What this one comes to with the extensions that are loaded.
     *
     * @throws InvalidArgumentException where the extension that it needs is not
     */
    public function resolve(): self
    {
        return match ($this) {
            self::Auto => \extension_loaded('grpc') ? self::Extension : self::CurlGrpcWeb->resolve(),
            self::Extension => $this->needing('grpc'),
            self::CurlGrpcWeb, self::CurlNative => $this->needing('curl'),
        };
    }

    private function needing(string $extension): self
    {
        if (!\extension_loaded($extension)) {
            throw new InvalidArgumentException(
                "the transport {$this->value} needs ext-$extension, which is not loaded; install it (Debian: php-"
                . "$extension), or take another transport"
            );
        }
        return $this;
    }
}
