<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * A real server on a free port, with a store of its own. LAURELS_SERVER_BINARY says which program it is.
 */
final class Server
{
    /** How long a server may take to listen, in seconds. */
    private const PATIENCE = 60;

    private readonly string $scratch;

    private string $listen = '127.0.0.1:0';

    /** @var ?resource */
    private $process = null;

    /**
     * @param array<string, string> $badges files by name
     * @param list<string> $arguments further ones of `laurels serve`
     */
    public function __construct(
        array $badges,
        private readonly array $arguments = [],
        private readonly string $scheme = 'http',
    ) {
        $this->scratch = Scratch::folder();
        \mkdir("{$this->scratch}/badges");
        foreach ($badges as $name => $text) {
            \file_put_contents("{$this->scratch}/badges/$name", $text);
        }
        $this->start();
    }

    /** One whose badges are those of clients/conformance.json, plain or by TLS as the leg has it. */
    public static function withLetters(string ...$arguments): self
    {
        $arguments = [...Leg::serverArguments(), ...\array_values($arguments)];
        return new self(Conformance::read()->badges(), $arguments, Leg::usesTls() ? 'https' : 'http');
    }

    /** The same after a restart. */
    public function url(): string
    {
        return "{$this->scheme}://{$this->listen}";
    }

    public function port(): int
    {
        return (int) \substr((string) \strrchr($this->listen, ':'), 1);
    }

    /**
     * Makes a key by `laurels key create`. The server asks for keys from its next start on.
     *
     * @return array<string, string>
     */
    public function makeKey(string ...$arguments): array
    {
        $program = (string) \getenv('LAURELS_SERVER_BINARY');
        $made = Program::of($program, 'key', 'create', '--json', '--data', "{$this->scratch}/data", ...$arguments);
        $made->wait();
        return \json_decode($made->said(), true) ?? throw new \RuntimeException($made->complained());
    }

    public function restart(int $signal = \SIGTERM): void
    {
        $this->end($signal);
        $this->start();
    }

    /** Ends it; start() begins it again, with what it kept. */
    public function end(int $signal = \SIGTERM): void
    {
        if ($this->process !== null) {
            \proc_terminate($this->process, $signal);
            \proc_close($this->process);
            $this->process = null;
        }
    }

    public function start(): void
    {
        $command = [
            (string) \getenv('LAURELS_SERVER_BINARY'), 'serve', '--data', "{$this->scratch}/data",
            '--badges', "{$this->scratch}/badges", '--listen', $this->listen, ...$this->arguments,
        ];
        $log = ['file', "{$this->scratch}/log", 'a'];
        $this->process = \proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], $log], $pipes);
        \stream_set_timeout($pipes[1], self::PATIENCE);
        while (($line = \fgets($pipes[1])) !== false) {
            if (\preg_match('/^Laurels listens on (\S+)$/', \trim($line), $matches) === 1) {
                $this->listen = $matches[1];
                return;
            }
        }
        throw new \RuntimeException("the server does not listen:\n" . \file_get_contents("{$this->scratch}/log"));
    }

    public function __destruct()
    {
        $this->end(\SIGKILL);
        Scratch::remove($this->scratch);
    }
}
