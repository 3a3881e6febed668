<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * What came of a request, by HTTP.
 *
 * @internal
 */
final class Answer
{
    public function __construct(
        public readonly Head $head,
        public readonly Frames $frames,
        public readonly int $error,
        public readonly string $problem,
        public readonly int $httpVersion,
    ) {
    }

    /** How the call ended, by gRPC. */
    public function status(Framing $framing): CallStatus
    {
        $fault = $this->frames->fault($this->error === \CURLE_OK);
        if ($fault !== null) {
            return $fault;
        }
        // A server that refuses a call before it has read all of it says so, and resets the stream: libcurl reports
        // that last.
        if ($this->head->hasStatus()) {
            return $this->told($framing);
        }
        return match ($this->error) {
            \CURLE_OK => $this->told($framing),
            \CURLE_OPERATION_TIMEOUTED => CallStatus::of(
                StatusCode::DeadlineExceeded,
                'no answer in time: ' . $this->problem
            ),
            default => CallStatus::of(StatusCode::Unavailable, $this->problem),
        };
    }

    private function told(Framing $framing): CallStatus
    {
        $trailers = $this->frames->trailers();
        if ($trailers !== null) {
            $this->head->trailers($trailers);
        }
        return $this->head->status($framing);
    }
}
