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
        return [$this->read($message), $this->status];
    }
}
