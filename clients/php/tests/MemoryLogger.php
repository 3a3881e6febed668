<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Psr\Log\AbstractLogger;

/**
 * Keeps what it is told.
 */
final class MemoryLogger extends AbstractLogger
{
    /** @var list<array{mixed, string, array<string, mixed>}> level, message, context */
    public array $entries = [];

    public function log($level, $message, array $context = [])
    {
        $this->entries[] = [$level, (string) $message, $context];
    }
}
