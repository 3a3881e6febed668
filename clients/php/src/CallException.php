<?php

declare(strict_types=1);

namespace Laurels;

/**
 * The server refused a call, or did not answer it.
 */
final class CallException extends \RuntimeException implements LaurelsException
{
    /**
     * @internal
     * @param list<FieldProblem> $fields
     */
    public function __construct(
        string $message,
        private readonly ?ErrorReason $reason,
        private readonly bool $retryable,
        private readonly array $fields = [],
        private readonly ?float $retryAfter = null,
        private readonly ?string $oldestCursor = null,
    ) {
        parent::__construct($message);
    }

    public function reason(): ?ErrorReason
    {
        return $this->reason;
    }

    public function retryable(): bool
    {
        return $this->retryable;
    }

    /**
     * The fields at fault.
     *
     * @return list<FieldProblem>
     */
    public function fields(): array
    {
        return $this->fields;
    }

    /** How many seconds the server asks to wait before the same is sent again. */
    public function retryAfter(): ?float
    {
        return $this->retryAfter;
    }

    /** A cursor to begin with, where the one sent belongs to another store, or is older than what is kept. */
    public function oldestCursor(): ?string
    {
        return $this->oldestCursor;
    }
}
