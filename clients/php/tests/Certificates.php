<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * A certificate for 127.0.0.1, its key, and the authority that signed it: made once a process, by the program openssl.
 * Server and client may show it.
 */
final class Certificates
{
    private static ?self $made = null;

    public readonly string $authority;

    public readonly string $certificate;

    public readonly string $key;

    private readonly string $folder;

    private function __construct()
    {
        $this->folder = Scratch::folder();
        $this->authority = "{$this->folder}/authority.pem";
        $this->certificate = "{$this->folder}/certificate.pem";
        $this->key = "{$this->folder}/key.pem";
        $new = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256';
        \file_put_contents("{$this->folder}/extensions", "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
        $this->openssl("req -x509 $new -days 2 -subj /CN=authority -keyout authority.key -out authority.pem");
        $this->openssl("req $new -subj /CN=127.0.0.1 -keyout key.pem -out request.pem");
        $this->openssl('x509 -req -in request.pem -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 '
            . '-extfile extensions -out certificate.pem');
    }

    public static function made(): self
    {
        return self::$made ??= new self();
    }

    private function openssl(string $arguments): void
    {
        \exec("cd {$this->folder} && openssl $arguments 2>&1", $lines, $code);
        if ($code !== 0) {
            throw new \RuntimeException("openssl $arguments:\n" . \implode("\n", $lines));
        }
    }

    public function __destruct()
    {
        Scratch::remove($this->folder);
    }
}
