<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * How a call ended. Its properties have the names that ext-grpc gives them.
 *
 * @internal
 */
final class CallStatus
{
    /**
     * @param array<string, list<string>> $metadata trailers; the values of `-bin` keys are decoded
     */
    public function __construct(
        public readonly int $code,
        public readonly string $details,
        public readonly array $metadata = [],
    ) {
    }

    public static function of(StatusCode $code, string $details): self
    {
        return new self($code->value, $details);
    }
}
