<?php

declare(strict_types=1);

namespace Laurels\Watch;

use Laurels\InvalidArgumentException;
use Laurels\Transport;

/**
 * What `laurels-watch` was told.
 *
 * @internal
 */
final class Arguments
{
    /** How often the server says that nothing happens. ext-grpc hands over signals no sooner. */
    public const HEARTBEAT_SECONDS = 2;

    public string $server;

    public ?string $key;

    public ?string $caFile = null;

    public ?string $cursorFile = null;

    public bool $fromBeginning = false;

    /** @var list<string> */
    public array $users = [];

    /** @var list<string> */
    public array $badges = [];

    /** @var list<string> */
    public array $categories = [];

    public Transport $transport = Transport::Auto;

    public string $callback = '';

    public bool $help = false;

    private function __construct()
    {
        $this->server = (string) \getenv('LAURELS_SERVER') ?: 'http://127.0.0.1:50051';
        $this->key = (string) \getenv('LAURELS_KEY') ?: null;
    }

    /** @param list<string> $given */
    public static function parse(array $given): self
    {
        $arguments = new self();
        while (($argument = \array_shift($given)) !== null) {
            if (!\str_starts_with($argument, '--')) {
                $arguments->callbackIs($argument);
                continue;
            }
            [$name, $value] = \explode('=', $argument, 2) + [1 => null];
            match ($name) {
                '--help' => $arguments->help = true,
                '--from-beginning' => $arguments->fromBeginning = true,
                default => $arguments->take($name, $value ?? \array_shift($given)),
            };
        }
        if ($arguments->callback === '' && !$arguments->help) {
            throw new InvalidArgumentException('no callback is named');
        }
        return $arguments;
    }

    private function take(string $name, ?string $value): void
    {
        if ($value === null) {
            throw new InvalidArgumentException("$name stands alone; is it an option, and where is its value?");
        }
        match ($name) {
            '--server' => $this->server = $value,
            '--key-file' => $this->key = self::keyIn($value),
            '--ca-file' => $this->caFile = $value,
            '--cursor-file' => $this->cursorFile = $value,
            '--user' => $this->users[] = $value,
            '--badge' => $this->badges[] = $value,
            '--category' => $this->categories[] = $value,
            '--transport' => $this->transport = Transport::tryFrom($value)
                ?? throw new InvalidArgumentException("there is no transport $value"),
            default => throw new InvalidArgumentException("there is no option $name"),
        };
    }

    private function callbackIs(string $file): void
    {
        if ($this->callback !== '') {
            throw new InvalidArgumentException("there is one callback, and these are two: {$this->callback}, $file");
        }
        $this->callback = $file;
    }

    private static function keyIn(string $file): string
    {
        $text = \is_readable($file) ? \trim((string) \file_get_contents($file)) : '';
        if ($text === '') {
            throw new InvalidArgumentException("there is no key in $file, or it cannot be read");
        }
        return $text;
    }
}
