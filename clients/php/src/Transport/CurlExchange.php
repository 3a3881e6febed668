<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * Many questions, many answers, by one request: all is sent when the last question is there, and may be read when the
 * last answer has come. The methods are those of Grpc\BidiStreamingCall.
 *
 * @internal
 */
final class CurlExchange extends CurlCall
{
    private ?Frames $answers = null;

    /** @param array<string, string|list<string>> $metadata */
    public function start(array $metadata = []): void
    {
        $this->say($metadata);
    }

    /**
     * @param \Google\Protobuf\Internal\Message $message
     * @param array<string, mixed> $options
     */
    public function write($message, array $options = []): void
    {
        $this->body .= Frames::of($message->serializeToString());
    }

    public function writesDone(): void
    {
        $answer = $this->channel->fetch($this->method, $this->headers, $this->body, $this->deadline);
        $this->status = $answer->status($this->channel->framing);
        $this->answers = $answer->frames;
    }

    /** The next answer; null when there is none. */
    public function read(): ?object
    {
        $message = $this->answers?->next();
        return $message === null ? null : $this->decoded($message);
    }

    public function getStatus(): CallStatus
    {
        return $this->status ?? CallStatus::of(StatusCode::Unknown, 'the call was not sent');
    }
}
