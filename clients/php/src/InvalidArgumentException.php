<?php

declare(strict_types=1);

namespace Laurels;

/**
 * What the program asked for cannot be done, and nothing was sent.
 */
final class InvalidArgumentException extends \InvalidArgumentException implements LaurelsException
{
    public function reason(): ?ErrorReason
    {
        return null;
    }

    public function retryable(): bool
    {
        return false;
    }
}
