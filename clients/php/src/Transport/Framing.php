<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * How gRPC's messages lie in HTTP.
 *
 * @internal
 */
enum Framing: string
{
    /** The status comes in HTTP/2 trailers. */
    case Native = 'application/grpc+proto';

    /** The status comes as the last frame of the body, so that HTTP/1.1 and proxies without trailers do. */
    case Web = 'application/grpc-web+proto';

    /**
     * The headers of a request.
     *
     * @return list<string>
     */
    public function headers(): array
    {
        $own = match ($this) {
            self::Native => ['te: trailers'],
            self::Web => ['x-grpc-web: 1', 'accept: ' . $this->value],
        };
        // Without an empty `expect`, curl waits for a "100 Continue" before larger bodies.
        return ['content-type: ' . $this->value, 'grpc-accept-encoding: identity,gzip', 'expect:', ...$own];
    }

    public function reads(string $contentType): bool
    {
        $begins = match ($this) {
            self::Native => 'application/grpc',
            self::Web => 'application/grpc-web',
        };
        $is = \strtolower(\trim(\strtok($contentType, ';')));
        return $is === $begins || \str_starts_with($is, "$begins+");
    }
}
