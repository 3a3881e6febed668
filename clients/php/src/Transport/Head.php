<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * The headers and trailers of an answer, as they come, and the status that they tell.
 *
 * @internal
 */
final class Head
{
    /** @var array<string, list<string>> */
    private array $fields = [];

    private int $httpStatus = 0;

    /** Takes one line: for CURLOPT_HEADERFUNCTION. */
    public function line(string $line): void
    {
        if (\str_starts_with($line, 'HTTP/') && \preg_match('~^HTTP/[\d.]+ (\d{3})~', $line, $matches) === 1) {
            // Begins anew: what came before was a "100 Continue", or a proxy's answer to CONNECT.
            $this->fields = [];
            $this->httpStatus = (int) $matches[1];
            return;
        }
        $parts = \explode(':', $line, 2);
        if (\count($parts) === 2) {
            $this->fields[\strtolower(\trim($parts[0]))][] = \trim($parts[1]);
        }
    }

    /** Takes trailers that came in the body. */
    public function trailers(string $text): void
    {
        foreach (\explode("\n", $text) as $line) {
            $this->line($line);
        }
    }

    /** @return array<string, list<string>> */
    public function metadata(): array
    {
        $metadata = [];
        foreach ($this->fields as $name => $values) {
            $metadata[$name] = \str_ends_with($name, '-bin') ? self::binary($values) : $values;
        }
        return $metadata;
    }

    /** Whether the server said how the call ended. */
    public function hasStatus(): bool
    {
        return $this->first('grpc-status') !== null;
    }

    /** How the call ended, by what the server or a proxy said. */
    public function status(Framing $framing): CallStatus
    {
        $code = $this->first('grpc-status');
        if ($code !== null && \ctype_digit($code)) {
            $details = \rawurldecode($this->first('grpc-message') ?? '');
            return new CallStatus((int) $code, $details, $this->metadata());
        }
        if ($this->httpStatus !== 200) {
            $code = StatusCode::ofHttp($this->httpStatus);
            return CallStatus::of($code, "the answer was HTTP {$this->httpStatus}, and not one of gRPC");
        }
        $type = $this->first('content-type') ?? '';
        if (!$framing->reads($type)) {
            return CallStatus::of(StatusCode::Unknown, "the answer's type is \"$type\", and not {$framing->value}");
        }
        // libcurl 7.88.1 loses trailers that come after a GOAWAY; proxies lose them too. Nobody knows what
        // became of the call.
        return CallStatus::of(StatusCode::Unavailable, 'the answer ended without a status');
    }

    private function first(string $name): ?string
    {
        return $this->fields[$name][0] ?? null;
    }

    /**
     * @param list<string> $values
     * @return list<string>
     */
    private static function binary(array $values): array
    {
        $decoded = [];
        foreach ($values as $joined) {
            foreach (\explode(',', $joined) as $value) {
                $decoded[] = (string) \base64_decode(\trim($value));
            }
        }
        return $decoded;
    }
}
