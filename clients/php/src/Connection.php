<?php

declare(strict_types=1);

namespace Laurels;

use Grpc\ChannelCredentials;
use Laurels\Page\RecordEventRequest;
use Laurels\Page\RecordEventsResponse;
use Laurels\Transport\CurlChannel;
use Laurels\Transport\CurlSettings;
use Laurels\Transport\CurlStub;
use Laurels\Transport\Framing;
use Laurels\Transport\StatusCode;
use Laurels\Transport\Stub;

/**
 * Calls to one server over whichever transport: deadlines, the key, one retry, and exceptions.
 *
 * @internal
 */
final class Connection
{
    /** How often a connection in use is asked whether it still stands, by ext-grpc, in milliseconds. */
    private const KEEP_ALIVE_MS = 30_000;

    private const KEEP_ALIVE_TIMEOUT_MS = 20_000;

    private readonly Transport $transport;

    private ?Stub $stub = null;

    /** The process that made the stub. */
    private int $process = 0;

    /**
     * Stubs of a parent process, which are not to be taken down here.
     *
     * @var list<Stub>
     */
    private array $inherited = [];

    public function __construct(
        private readonly Address $address,
        #[\SensitiveParameter]
        private readonly ?string $key,
        private readonly Options $options,
    ) {
        if ($key !== null && \preg_match('/^[\x21-\x7e]+\z/', $key) !== 1) {
            throw new InvalidArgumentException('the key has characters that no key has; is a line break at its end?');
        }
        $this->transport = $options->transport->resolve();
    }

    public function transport(): Transport
    {
        return $this->transport;
    }

    /**
     * Does a unary call. A failure that may pass is met with a second attempt, within the same deadline.
     *
     * @param string $method its name in the stub
     */
    public function call(string $method, object $request, int $deadlineMs): object
    {
        $deadline = \microtime(true) + $deadlineMs / 1000;
        try {
            return $this->attempt($method, $request, $deadline);
        } catch (CallException $failure) {
            $wait = $failure->retryAfter() ?? 0.0;
            if (!$failure->retryable() || \microtime(true) + $wait >= $deadline) {
                throw $failure;
            }
            \usleep((int) ($wait * 1e6));
            return $this->attempt($method, $request, $deadline);
        }
    }

    /**
     * Records events by one call, and waits once: they are on the disk together. There is no second attempt.
     *
     * @param list<RecordEventRequest> $requests
     * @return array{list<RecordEventsResponse>, ?CallException} the answers that came, in order, and why not all did
     */
    public function recordAll(array $requests, float $deadline): array
    {
        $call = $this->stub()->recordAll($this->metadata(), ['timeout' => self::left($deadline)]);
        foreach ($requests as $request) {
            $call->write($request);
        }
        $call->writesDone();
        $answers = [];
        while (($answer = $call->read()) !== null) {
            $answers[] = $answer;
        }
        $status = $call->getStatus();
        return [$answers, match (true) {
            $status->code !== StatusCode::Ok->value => Failure::of($status),
            \count($answers) < \count($requests) => self::ended(),
            default => null,
        }];
    }

    /**
     * Does a call that is answered with a stream.
     *
     * @param callable(): bool $tick is called now and then while nothing comes; false ends the stream
     * @return \Generator<int, object> returns true when the stream was ended by $tick
     */
    public function stream(string $method, object $request, callable $tick): \Generator
    {
        $call = $this->stub()->$method($request, $this->metadata(), ['tick' => $tick]);
        try {
            foreach ($call->responses() as $message) {
                yield $message;
                if (!$tick()) {
                    return true;
                }
            }
            $status = $call->getStatus();
        } finally {
            // Reached also when the reader is no longer interested.
            $call->cancel();
        }
        if ($status->code === StatusCode::Cancelled->value && !$tick()) {
            return true;
        }
        throw $status->code === StatusCode::Ok->value ? self::ended() : Failure::of($status);
    }

    /** Says nothing of the key to var_dump() and its like. */
    public function __debugInfo(): array
    {
        return ['url' => $this->address->url(), 'transport' => $this->transport];
    }

    private static function ended(): CallException
    {
        return new CallException('no connection to the server: it ended the stream', null, true);
    }

    /** What is left, in microseconds, as the call option `timeout` has it. */
    private static function left(float $deadline): int
    {
        return \max(1, (int) (($deadline - \microtime(true)) * 1e6));
    }

    private function attempt(string $method, object $request, float $deadline): object
    {
        $options = ['timeout' => self::left($deadline)];
        [$answer, $status] = $this->stub()->$method($request, $this->metadata(), $options)->wait();
        if ($status->code !== StatusCode::Ok->value) {
            throw Failure::of($status);
        }
        return $answer;
    }

    /** @return array<string, list<string>> */
    private function metadata(): array
    {
        return $this->key === null ? [] : ['authorization' => ["Bearer {$this->key}"]];
    }

    private function stub(): Stub
    {
        $process = \getmypid();
        if ($this->stub === null) {
            $this->stub = $this->newStub($this->transport);
        } elseif ($this->process !== $process && $this->transport === Transport::Extension) {
            // ext-grpc does not work in a process that was forked after it was used, and not even ends there.
            $this->inherited[] = $this->stub;
            $this->stub = $this->newStub(Transport::CurlNative->resolve());
        }
        $this->process = $process;
        return $this->stub;
    }

    private function newStub(Transport $transport): Stub
    {
        return match ($transport) {
            Transport::Extension => new Stub($this->address->hostAndPort, [
                'credentials' => $this->credentials(),
                'grpc.keepalive_time_ms' => self::KEEP_ALIVE_MS,
                'grpc.keepalive_timeout_ms' => self::KEEP_ALIVE_TIMEOUT_MS,
                // The wait before a new connection; gRPC's own goes to two minutes.
                'grpc.initial_reconnect_backoff_ms' => 100,
                'grpc.max_reconnect_backoff_ms' => 5000,
            ]),
            Transport::CurlNative => $this->curl(Framing::Native),
            Transport::Auto, Transport::CurlGrpcWeb => $this->curl(Framing::Web),
        };
    }

    private function curl(Framing $framing): CurlStub
    {
        return new CurlStub(new CurlChannel(new CurlSettings(
            $this->address->url(),
            $this->options->caFile,
            $this->options->certificateFile,
            $this->options->certificateKeyFile,
        ), $framing));
    }

    private function credentials(): ?ChannelCredentials
    {
        if (!$this->address->usesTls) {
            return ChannelCredentials::createInsecure();
        }
        $read = static fn (?string $file): ?string => $file === null ? null : (string) \file_get_contents($file);
        return ChannelCredentials::createSsl(
            $read($this->options->caFile),
            $read($this->options->certificateKeyFile),
            $read($this->options->certificateFile),
        );
    }
}
