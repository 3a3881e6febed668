<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * What all kinds of calls have in common: the request.
 *
 * @internal
 */
abstract class CurlCall
{
    /** The unit of the call option `timeout`, as ext-grpc has it. */
    private const MICROSECONDS_A_SECOND = 1_000_000;

    /** @var list<string> */
    protected array $headers = [];

    protected string $body = '';

    protected ?float $deadline = null;

    protected ?CallStatus $status = null;

    /**
     * @param class-string $answerClass
     * @param array<string, mixed> $options
     */
    public function __construct(
        protected readonly CurlChannel $channel,
        protected readonly string $method,
        private readonly string $answerClass,
        array $options,
    ) {
        if (isset($options['timeout'])) {
            $this->deadline = \microtime(true) + $options['timeout'] / self::MICROSECONDS_A_SECOND;
        }
    }

    public function getPeer(): string
    {
        return $this->channel->getTarget();
    }

    /** @return array<string, list<string>> */
    public function getTrailingMetadata(): array
    {
        return $this->status?->metadata ?? [];
    }

    /** @param array<string, string|list<string>> $metadata */
    protected function say(array $metadata): void
    {
        if ($this->deadline !== null) {
            $left = \max(1, (int) \ceil(($this->deadline - \microtime(true)) * 1000));
            $this->headers[] = "grpc-timeout: {$left}m";
        }
        foreach ($metadata as $name => $values) {
            foreach ((array) $values as $value) {
                $sent = \str_ends_with($name, '-bin') ? \base64_encode($value) : $value;
                if (\preg_match('/[^\x20-\x7e]/', $sent) === 1) {
                    throw new \InvalidArgumentException("the metadata \"$name\" has characters beyond ASCII's");
                }
                $this->headers[] = "$name: $sent";
            }
        }
    }

    protected function decoded(string $message): object
    {
        $answer = new $this->answerClass();
        $answer->mergeFromString($message);
        return $answer;
    }
}
