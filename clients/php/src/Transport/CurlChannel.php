<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * Connections to one server: one that all unary calls share, one after the other, and one for each stream.
 *
 * @internal
 */
final class CurlChannel
{
    /** How long a connection may take, in milliseconds. Then the call fails with UNAVAILABLE. */
    private const CONNECT_MAX_MS = 5000;

    /** libcurl 7.88.0 and 7.88.1, as curl_version() numbers them. */
    private const LOSES_REUSED_CONNECTIONS = [0x075800, 0x075801];

    private ?\CurlHandle $shared = null;

    /** Whether the shared connection has carried a call. */
    private bool $warm = false;

    /** The process that opened the shared connection. */
    private int $process = 0;

    /**
     * Connections that a parent process opened. Closing them would say goodbye in its name.
     *
     * @var list<\CurlHandle>
     */
    private array $inherited = [];

    public function __construct(
        private readonly CurlSettings $settings,
        public readonly Framing $framing,
    ) {
    }

    public function getTarget(): string
    {
        return $this->settings->url;
    }

    public function close(): void
    {
        $this->shared = null;
        $this->warm = false;
    }

    /**
     * Does one unary call: fetches the answer into $head and $frames, and says what became of the connection.
     *
     * @param list<string> $headers
     */
    public function fetch(string $method, array $headers, string $body, ?float $deadline): Answer
    {
        $this->disinherit();
        $handle = $this->shared ??= \curl_init();
        $answer = $this->attempt($handle, $method, $headers, $body, $deadline, $this->warm);
        if ($this->warm && $this->fellBack($answer)) {
            // The connection was gone, and what was opened instead speaks HTTP/1.1.
            $answer = $this->attempt($handle, $method, $headers, $body, $deadline, false);
        }
        $this->warm = $answer->error === \CURLE_OK;
        return $answer;
    }

    /**
     * A handle with a connection of its own, for a stream. Shared, its connection would outlive the call, and the
     * server would hear late that nobody listens.
     *
     * @param list<string> $headers
     */
    public function open(string $method, array $headers, string $body, Head $head, Frames $frames): \CurlHandle
    {
        $handle = \curl_init();
        $options = $this->options($method, $headers, $body, $head, $frames);
        $options[\CURLOPT_HTTP_VERSION] = $this->version(false);
        $options[\CURLOPT_FRESH_CONNECT] = true;
        $options[\CURLOPT_FORBID_REUSE] = true;
        \curl_setopt_array($handle, $options);
        return $handle;
    }

    /** @param list<string> $headers */
    private function attempt(
        \CurlHandle $handle,
        string $method,
        array $headers,
        string $body,
        ?float $deadline,
        bool $warm
    ): Answer {
        $head = new Head();
        $frames = new Frames($this->framing);
        $options = $this->options($method, $headers, $body, $head, $frames);
        $options[\CURLOPT_HTTP_VERSION] = $this->version($warm);
        $options[\CURLOPT_FRESH_CONNECT] = !$warm;
        if ($deadline !== null) {
            // 0 would be no limit at all.
            $options[\CURLOPT_TIMEOUT_MS] = \max(1, (int) \ceil(($deadline - \microtime(true)) * 1000));
        }
        \curl_reset($handle);
        \curl_setopt_array($handle, $options);
        \curl_exec($handle);
        return new Answer(
            $head,
            $frames,
            \curl_errno($handle),
            \curl_error($handle),
            (int) \curl_getinfo($handle, \CURLINFO_HTTP_VERSION),
        );
    }

    /**
     * @param list<string> $headers
     * @return array<int, mixed>
     */
    private function options(string $method, array $headers, string $body, Head $head, Frames $frames): array
    {
        $options = [
            \CURLOPT_URL => $this->settings->url . $method,
            \CURLOPT_PROTOCOLS => \CURLPROTO_HTTP | \CURLPROTO_HTTPS,
            \CURLOPT_POST => true,
            \CURLOPT_POSTFIELDS => $body,
            \CURLOPT_HTTPHEADER => [...$this->framing->headers(), ...$headers],
            \CURLOPT_NOSIGNAL => true,
            \CURLOPT_TCP_NODELAY => true,
            \CURLOPT_CONNECTTIMEOUT_MS => self::CONNECT_MAX_MS,
            \CURLOPT_HEADERFUNCTION => static function (\CurlHandle $_, string $line) use ($head): int {
                $head->line($line);
                return \strlen($line);
            },
            \CURLOPT_WRITEFUNCTION => static function (\CurlHandle $_, string $bytes) use ($frames): int {
                // Anything but the length ends the transfer.
                return $frames->push($bytes) ? \strlen($bytes) : -1;
            },
        ];
        $files = [
            \CURLOPT_CAINFO => $this->settings->caFile,
            \CURLOPT_SSLCERT => $this->settings->certificateFile,
            \CURLOPT_SSLKEY => $this->settings->certificateKeyFile,
        ];
        return $options + \array_filter($files, static fn (?string $file): bool => $file !== null);
    }

    private function version(bool $warm): int
    {
        if ($this->framing === Framing::Web) {
            // One call at a time gains nothing from HTTP/2, and this is what libcurl has no trouble with.
            return \CURL_HTTP_VERSION_1_1;
        }
        if ($this->settings->usesTls()) {
            return \CURL_HTTP_VERSION_2TLS;
        }
        // These two fail a second request over a connection that began with prior knowledge (curl#10634).
        return $warm && \in_array(\curl_version()['version_number'], self::LOSES_REUSED_CONNECTIONS, true)
            ? \CURL_HTTP_VERSION_NONE
            : \CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    }

    private function fellBack(Answer $answer): bool
    {
        return $this->framing === Framing::Native
            && !$this->settings->usesTls()
            && $answer->httpVersion !== \CURL_HTTP_VERSION_2_0
            && $answer->error !== \CURLE_OPERATION_TIMEOUTED;
    }

    /** Begins anew in a child process: two processes that write to one connection garble it. */
    private function disinherit(): void
    {
        $process = \getmypid();
        if ($this->shared !== null && $this->process !== $process) {
            $this->inherited[] = $this->shared;
            $this->close();
        }
        $this->process = $process;
    }
}
