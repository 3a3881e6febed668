<?php

declare(strict_types=1);

namespace Laurels\Watch;

use Laurels\CallException;
use Laurels\Client;
use Laurels\InvalidArgumentException;
use Laurels\LaurelsException;
use Laurels\Notification;
use Laurels\NotificationKind;
use Laurels\Options;

/**
 * The program `laurels-watch`: reads the live stream and hands awards to a callback of the site.
 *
 * The cursor is kept in a file after each notification that the callback has dealt with. So none is missed, whatever
 * ends, and one may come twice: when the power goes between the callback and the file.
 *
 * @internal
 */
final class Command
{
    private const HELP = <<<'TEXT'
        laurels-watch: hands what is earned to a callback, as it happens, and misses nothing

          laurels-watch [OPTIONS] CALLBACK.php

        CALLBACK.php returns a function that takes a Laurels\Notification. When it throws, the program ends, and the
        same notification comes first when it is started again: let a supervisor do that.

          --server URL         the server; otherwise LAURELS_SERVER, or http://127.0.0.1:50051
          --key-file FILE      has the API key; otherwise LAURELS_KEY is the key
          --ca-file FILE       the certificates that are believed, in PEM
          --cursor-file FILE   remembers how far the callback has come; without it, everything begins with now
          --from-beginning     where there is no cursor yet, begins with the first notification there is
          --user USER          only about this user; may be given again
          --badge BADGE        only about this badge; may be given again
          --category CATEGORY  only about badges of this category; may be given again
          --transport NAME     auto, grpc, curl-grpc-web or curl-native; otherwise auto
          --help               says this

        SIGTERM and SIGINT end it, after the callback has finished what it is at.

        TEXT;

    private bool $stopping = false;

    /**
     * @param resource $out
     * @param resource $errors
     */
    public function __construct(private $out, private $errors)
    {
    }

    /**
     * @param list<string> $arguments
     * @return int the exit code: 0 after a signal, 2 for arguments that are wrong, 1 for everything else
     */
    public function run(array $arguments): int
    {
        try {
            $arguments = Arguments::parse($arguments);
            if ($arguments->help) {
                \fwrite($this->out, self::HELP);
                return 0;
            }
            return $this->watch($arguments);
        } catch (InvalidArgumentException $mistake) {
            return $this->fail(2, $mistake->getMessage() . "\nlaurels-watch --help says what there is");
        } catch (LaurelsException $failure) {
            return $this->fail(1, $failure->getMessage() . $this->advice($failure));
        } catch (\Throwable $failure) {
            $at = "{$failure->getFile()}:{$failure->getLine()}";
            return $this->fail(1, "failed at $at: {$failure->getMessage()}\nwhat it was at comes again");
        }
    }

    private function watch(Arguments $arguments): int
    {
        $callback = $this->callback($arguments->callback);
        $cursors = new CursorFile($arguments->cursorFile);
        $after = $cursors->read();
        $options = new Options(transport: $arguments->transport, caFile: $arguments->caFile);
        $client = new Client($arguments->server, $arguments->key, $options);
        $this->endBySignal();
        $stream = $client->notifications(
            $arguments->users,
            after: $after,
            fromBeginning: $after === null && $arguments->fromBeginning,
            badges: $arguments->badges,
            categories: $arguments->categories,
            heartbeats: true,
            heartbeatSeconds: Arguments::HEARTBEAT_SECONDS,
            until: fn (): bool => $this->stopping,
        );
        $said = false;
        foreach ($stream as $notification) {
            if ($notification->kind !== NotificationKind::Heartbeat) {
                $callback($notification);
            } elseif (!$said) {
                $said = true;
                \fwrite($this->out, "listening by {$client->transport()->value}\n");
            }
            $cursors->write($notification->cursor);
        }
        \fwrite($this->out, "ended by a signal\n");
        return 0;
    }

    /** @return callable(Notification): void */
    private function callback(string $file): callable
    {
        if (!\is_readable($file)) {
            throw new InvalidArgumentException("$file cannot be read; name a PHP file that returns a function");
        }
        $callback = require \realpath($file);
        if (!\is_callable($callback)) {
            throw new InvalidArgumentException("$file returns no function; end it with `return function (…) { … };`");
        }
        return $callback;
    }

    private function endBySignal(): void
    {
        if (\function_exists('pcntl_signal')) {
            foreach ([\SIGTERM, \SIGINT] as $signal) {
                \pcntl_signal($signal, function (): void {
                    $this->stopping = true;
                });
            }
        }
    }

    private function advice(LaurelsException $failure): string
    {
        $oldest = $failure instanceof CallException ? $failure->oldestCursor() : null;
        return $oldest === null ? '' : "\nto go on with the oldest there is, write $oldest to the cursor file";
    }

    private function fail(int $code, string $message): int
    {
        \fwrite($this->errors, "laurels-watch: $message\n");
        return $code;
    }
}
