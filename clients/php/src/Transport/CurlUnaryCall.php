<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * One question, one answer. The methods are those of Grpc\UnaryCall.
 *
 * @internal
 */
final class CurlUnaryCall extends CurlCall
{
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

    /** @return array{?object, CallStatus} */
    public function wait(): array
    {
        $answer = $this->channel->fetch($this->method, $this->headers, $this->body, $this->deadline);
        $this->status = $answer->status($this->channel->framing);
        $message = $answer->frames->next();
        if ($this->status->code !== StatusCode::Ok->value) {
            return [null, $this->status];
        }
        if ($message === null || $answer->frames->next() !== null) {
            $this->status = CallStatus::of(StatusCode::Internal, 'the answer is not one message');
            return [null, $this->status];
        }
        return [$this->decoded($message), $this->status];
    }
}
