<?php

/**
 * A server that answers as it is told: to be had where the real one never misbehaves.
 *
 *     php fake-server.php FOLDER
 *
 * FOLDER/answers has one JSON list of answers. Each is for one request, in order; the last one for all that follow:
 * `{"head": "HTTP/1.1 200 OK\r\n…", "body": base64}`, `"hold": true` waits until FOLDER/go is there, `"close": true`
 * ends the connection after it, and `{"silent": true}` never answers. What was asked goes to FOLDER/requests, a line
 * of base64 each. The first line written is the port.
 */

declare(strict_types=1);

$folder = $argv[1];
$answers = \json_decode((string) \file_get_contents("$folder/answers"), true, flags: \JSON_THROW_ON_ERROR);
$listener = \stream_socket_server('tcp://127.0.0.1:0');
echo \substr((string) \strrchr((string) \stream_socket_get_name($listener, false), ':'), 1), "\n";

/** Reads one request. Null when the connection ended. */
function request(mixed $connection): ?string
{
    $head = '';
    while (!\str_ends_with($head, "\r\n\r\n")) {
        $line = \fgets($connection);
        if ($line === false) {
            return null;
        }
        $head .= $line;
    }
    $length = \preg_match('/^content-length: (\d+)/mi', $head, $matches) === 1 ? (int) $matches[1] : 0;
    return $head . ($length > 0 ? \stream_get_contents($connection, $length) : '');
}

$abandoned = [];
while (true) {
    $connection = @\stream_socket_accept($listener, 3600);
    while ($connection !== false && ($request = request($connection)) !== null) {
        \file_put_contents("$folder/requests", \base64_encode($request) . "\n", \FILE_APPEND);
        $answer = \count($answers) > 1 ? \array_shift($answers) : $answers[0];
        if ($answer['silent'] ?? false) {
            $abandoned[] = $connection;
            break;
        }
        while (($answer['hold'] ?? false) && !\file_exists("$folder/go")) {
            \usleep(1000);
        }
        @\fwrite($connection, $answer['head'] . \base64_decode($answer['body'] ?? ''));
        if ($answer['close'] ?? false) {
            break;
        }
    }
    $connection = false;
}
