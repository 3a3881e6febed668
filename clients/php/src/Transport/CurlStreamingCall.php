<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * One question, many answers. The methods are those of Grpc\ServerStreamingCall.
 *
 * The call option `tick`, a callable, is called at least every quarter of a second while nothing comes; the call
 * is cancelled when it answers false.
 *
 * @internal
 */
final class CurlStreamingCall extends CurlCall
{
    /** The longest time between two ticks, in seconds. */
    private const TICK = 0.25;

    /** @var callable(): bool */
    private $tick;

    private ?\CurlHandle $handle = null;

    private ?\CurlMultiHandle $driver = null;

    public function __construct(CurlChannel $channel, string $method, string $answerClass, array $options)
    {
        parent::__construct($channel, $method, $answerClass, $options);
        $this->tick = $options['tick'] ?? static fn (): bool => true;
    }

    /**
     * @param \Google\Protobuf\Internal\Message $message
     * @param array<string, string|list<string>> $metadata
     * @param array<string, mixed> $options
     */
    public function start($message, array $metadata = [], array $options = []): void
    {
        $this->body = Frames::of($message->serializeToString());
        $this->say($metadata);
    }

    /** @return \Generator<int, object> */
    public function responses(): \Generator
    {
        $head = new Head();
        $frames = new Frames($this->channel->framing);
        $this->handle = $this->channel->open($this->method, $this->headers, $this->body, $head, $frames);
        $this->driver = \curl_multi_init();
        \curl_multi_add_handle($this->driver, $this->handle);
        try {
            while ($this->driver !== null) {
                \curl_multi_exec($this->driver, $running);
                $idle = true;
                while ($this->driver !== null && ($message = $frames->next()) !== null) {
                    $idle = false;
                    yield $this->decoded($message);
                }
                if ($this->driver === null || !$this->mayGoOn()) {
                    return;
                }
                if ($running === 0) {
                    $this->end($head, $frames);
                    return;
                }
                // After a message there may be another at once.
                if ($idle && \curl_multi_select($this->driver, self::TICK) === -1) {
                    // Nothing to wait for yet, as while a name is looked up.
                    \usleep(1000);
                }
            }
        } finally {
            $this->close();
        }
    }

    /** Ends the call, and closes its connection. */
    public function cancel(): void
    {
        if ($this->driver !== null) {
            $this->status ??= CallStatus::of(StatusCode::Cancelled, 'the call was cancelled');
            $this->close();
        }
    }

    public function getStatus(): CallStatus
    {
        return $this->status ?? CallStatus::of(StatusCode::Unknown, 'the stream has not ended');
    }

    private function mayGoOn(): bool
    {
        if (!($this->tick)()) {
            $this->status = CallStatus::of(StatusCode::Cancelled, 'the call was cancelled');
            return false;
        }
        if ($this->deadline !== null && \microtime(true) >= $this->deadline) {
            $this->status = CallStatus::of(StatusCode::DeadlineExceeded, 'the stream did not end in time');
            return false;
        }
        return true;
    }

    private function end(Head $head, Frames $frames): void
    {
        $done = \curl_multi_info_read($this->driver);
        $error = $done === false ? \CURLE_OK : $done['result'];
        $problem = \curl_error($this->handle) ?: (string) \curl_strerror($error);
        $answer = new Answer($head, $frames, $error, $problem, \CURL_HTTP_VERSION_2_0);
        $this->status = $answer->status($this->channel->framing);
    }

    private function close(): void
    {
        if ($this->driver !== null) {
            \curl_multi_remove_handle($this->driver, $this->handle);
            $this->driver = null;
            $this->handle = null;
        }
    }
}
