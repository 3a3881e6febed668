<?php

declare(strict_types=1);

namespace Laurels\Tests;

use Google\Protobuf\Internal\Message;
use Laurels\Transport\Frames;
use Laurels\Transport\Framing;
use Laurels\V1\Event;
use Laurels\V1\RecordEventRequest;

/**
 * tests/fake-server.php, with the answers that a test wants. It speaks gRPC-Web over HTTP/1.1.
 */
final class FakeServer
{
    private readonly string $folder;

    /** @var resource */
    private $process;

    public readonly string $url;

    /** @param list<array<string, mixed>> $answers */
    public function __construct(array $answers)
    {
        $this->folder = Scratch::folder();
        \file_put_contents("{$this->folder}/answers", \json_encode($answers, \JSON_THROW_ON_ERROR));
        $command = [\PHP_BINARY, __DIR__ . '/fake-server.php', $this->folder];
        $this->process = \proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w']], $pipes);
        $this->url = 'http://127.0.0.1:' . \trim((string) \fgets($pipes[1]));
    }

    /** An answer with one message and a status, as a good server gives it. */
    public static function good(Message $message): array
    {
        return self::web(Frames::of($message->serializeToString()) . self::trailers("grpc-status:0\r\n"));
    }

    /**
     * The answer to a stream: these messages, and a status.
     *
     * @param list<Message> $messages
     */
    public static function stream(array $messages, string $trailers = "grpc-status:0\r\n"): array
    {
        $frames = \array_map(static fn (Message $message): string
            => Frames::of($message->serializeToString()), $messages);
        return self::web(\implode('', $frames) . self::trailers($trailers));
    }

    /** An answer of any body, as gRPC-Web. */
    public static function web(string $body, string $fields = ''): array
    {
        $length = \strlen($body);
        $head = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\n{$fields}";
        return ['head' => "{$head}content-length: $length\r\n\r\n", 'body' => \base64_encode($body)];
    }

    /** An answer that is a status only. */
    public static function refusal(int $code, string $message): array
    {
        return self::web(self::trailers("grpc-status: $code\r\ngrpc-message: " . \rawurlencode($message) . "\r\n"));
    }

    public static function trailers(string $text): string
    {
        return \pack('CN', 0x80, \strlen($text)) . $text;
    }

    /** Lets answers go that are held. */
    public function go(): void
    {
        \touch("{$this->folder}/go");
    }

    /** @return list<string> what was asked until now, headers and body */
    public function requests(): array
    {
        $file = "{$this->folder}/requests";
        $lines = \is_file($file) ? \file($file, \FILE_IGNORE_NEW_LINES) : [];
        return \array_map('base64_decode', $lines);
    }

    /** @return list<Event> the events that were sent until now */
    public function events(): array
    {
        return \array_merge(...$this->eventsByRequest());
    }

    /** @return list<list<Event>> the events of each request until now */
    public function eventsByRequest(): array
    {
        return \array_map(static function (string $request): array {
            $frames = new Frames(Framing::Web);
            $frames->push(\substr($request, \strpos($request, "\r\n\r\n") + 4));
            $events = [];
            while (($bytes = $frames->next()) !== null) {
                $message = new RecordEventRequest();
                $message->mergeFromString($bytes);
                $events[] = $message->getEvent();
            }
            return $events;
        }, $this->requests());
    }

    public function __destruct()
    {
        \proc_terminate($this->process, \SIGKILL);
        \proc_close($this->process);
        Scratch::remove($this->folder);
    }
}
