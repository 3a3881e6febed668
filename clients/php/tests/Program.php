<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * A PHP program that runs beside the test, with the extensions of the leg: LAURELS_PHP_OPTIONS has them.
 */
final class Program
{
    /** How long something may take to be said, in seconds. */
    private const PATIENCE = 60;

    private readonly string $folder;

    /** @var ?resource */
    private $process;

    private int $code = -1;

    /** @param list<string> $command */
    private function __construct(array $command)
    {
        $this->folder = Scratch::folder();
        $streams = [
            ['file', '/dev/null', 'r'],
            ['file', "{$this->folder}/out", 'w'],
            ['file', "{$this->folder}/errors", 'w'],
        ];
        $this->process = \proc_open($command, $streams, $pipes);
    }

    public static function php(string ...$arguments): self
    {
        // Tests have no Composer: what it would load is loaded before.
        $loader = ['-d', 'auto_prepend_file=' . __DIR__ . '/bootstrap.php'];
        return new self([\PHP_BINARY, ...self::options(), ...$loader, ...\array_values($arguments)]);
    }

    public static function of(string ...$command): self
    {
        return new self(\array_values($command));
    }

    /** @return list<string> */
    public static function options(): array
    {
        return \array_values(\array_filter(\explode(' ', (string) \getenv('LAURELS_PHP_OPTIONS'))));
    }

    public function said(): string
    {
        return (string) \file_get_contents("{$this->folder}/out");
    }

    public function complained(): string
    {
        return (string) \file_get_contents("{$this->folder}/errors");
    }

    /** Waits until it has written this line, among others. */
    public function awaitLine(string $line): void
    {
        $this->await(fn (): bool => \in_array($line, \explode("\n", $this->said()), true), "\"$line\"");
    }

    public function signal(int $signal): void
    {
        \proc_terminate($this->process, $signal);
    }

    /** Waits for its end, and answers the exit code. */
    public function wait(): int
    {
        $this->await(fn (): bool => !$this->runs(), 'its end');
        return $this->code;
    }

    /** @param \Closure(): bool $condition */
    public function await(\Closure $condition, string $what): void
    {
        $until = \microtime(true) + self::PATIENCE;
        while (!$condition()) {
            if (\microtime(true) > $until || (!$this->runs() && !$condition())) {
                throw new \RuntimeException("waited for $what; it wrote\n{$this->said()}\n{$this->complained()}");
            }
            \usleep(2000);
        }
    }

    private function runs(): bool
    {
        $status = \proc_get_status($this->process);
        if (!$status['running'] && $this->code === -1) {
            // Told once only.
            $this->code = $status['exitcode'];
        }
        return $status['running'];
    }

    public function __destruct()
    {
        \proc_terminate($this->process, \SIGKILL);
        \proc_close($this->process);
        Scratch::remove($this->folder);
    }
}
