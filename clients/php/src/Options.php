<?php

declare(strict_types=1);

namespace Laurels;

/**
 * How a Client does its work. Every option has a default that suits a site; name those that do not suit yours:
 * `new Options(recordDeadlineMs: 100)`.
 */
final class Options
{
    /**
     * @param Transport $transport what carries the calls
     * @param int $recordDeadlineMs how long record() may hold up a page, its retry and connecting included
     * @param int $deadlineMs how long any other call may take, its retry and connecting included
     * @param int $laterDeadlineMs how long sendPending() may take in all; what was not sent by then is logged and lost
     * @param ?string $caFile the certificates that are believed, in PEM; null: the system's, or those of ext-grpc
     * @param ?string $certificateFile this client's own certificate, in PEM, where the server asks for one
     * @param ?string $certificateKeyFile the key of that certificate, in PEM
     */
    public function __construct(
        public readonly Transport $transport = Transport::Auto,
        public readonly int $recordDeadlineMs = 300,
        public readonly int $deadlineMs = 2000,
        public readonly int $laterDeadlineMs = 5000,
        public readonly ?string $caFile = null,
        public readonly ?string $certificateFile = null,
        public readonly ?string $certificateKeyFile = null,
    ) {
        if (\min($recordDeadlineMs, $deadlineMs, $laterDeadlineMs) < 1) {
            throw new InvalidArgumentException('a deadline is at least one millisecond');
        }
        if (($certificateFile === null) !== ($certificateKeyFile === null)) {
            throw new InvalidArgumentException('a certificate and its key go together: set both files, or neither');
        }
        foreach ([$caFile, $certificateFile, $certificateKeyFile] as $file) {
            if ($file !== null && !\is_readable($file)) {
                throw new InvalidArgumentException("$file cannot be read by this process");
            }
        }
    }
}
