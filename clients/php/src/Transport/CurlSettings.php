<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * Where ext-curl finds the server, and how both prove who they are.
 */
final class CurlSettings
{
    /**
     * @param string $url such as `http://127.0.0.1:50051`, without a path
     * @param ?string $caFile the certificates that are believed; null: the system's
     * @param ?string $certificateFile this client's own certificate, where the server asks for one
     * @param ?string $certificateKeyFile the key of that certificate
     */
    public function __construct(
        public readonly string $url,
        public readonly ?string $caFile = null,
        public readonly ?string $certificateFile = null,
        public readonly ?string $certificateKeyFile = null,
    ) {
    }

    public function usesTls(): bool
    {
        return \str_starts_with($this->url, 'https://');
    }
}
