<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * clients/conformance.json; clients/README.md says how it is read.
 */
final class Conformance
{
    /** @param array<string, mixed> $content */
    private function __construct(private readonly array $content)
    {
    }

    public static function read(): self
    {
        $text = (string) \file_get_contents(\dirname(__DIR__, 2) . '/conformance.json');
        return new self(\json_decode($text, true, flags: \JSON_THROW_ON_ERROR));
    }

    /** @return array<string, string> badge files by name */
    public function badges(): array
    {
        return \array_map(static fn (array $lines): string => \implode("\n", $lines) . "\n", $this->content['badges']);
    }

    /** @return array<string, list<array<string, mixed>>> the steps of each case, by its name */
    public function cases(): array
    {
        return \array_column($this->content['cases'], 'steps', 'name');
    }
}
