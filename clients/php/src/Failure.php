<?php

declare(strict_types=1);

namespace Laurels;

use Google\Protobuf\Any;
use Laurels\ErrorDetails\BadRequest;
use Laurels\ErrorDetails\ErrorInfo;
use Laurels\ErrorDetails\RetryInfo;
use Laurels\ErrorDetails\Status;
use Laurels\Transport\CallStatus;
use Laurels\Transport\StatusCode;

/**
 * Makes an exception of the status of a call, with the details that came along.
 *
 * @internal
 */
final class Failure
{
    private const DETAILS = 'grpc-status-details-bin';

    private ?ErrorInfo $info = null;

    /** @var list<FieldProblem> */
    private array $fields = [];

    private ?float $retryAfter = null;

    /** @param CallStatus|\stdClass $status of whichever transport */
    public static function of(object $status): CallException
    {
        $failure = new self();
        foreach ($status->metadata[self::DETAILS] ?? [] as $bytes) {
            $failure->read($bytes);
        }
        $code = StatusCode::tryFrom($status->code) ?? StatusCode::Unknown;
        $reason = ErrorReason::tryFrom($failure->info?->getReason() ?? '');
        return new CallException(
            $status->details !== '' ? $status->details : "the server answered {$code->name}",
            $reason,
            $reason?->isPassing() ?? $code->isPassing(),
            $failure->fields,
            $failure->retryAfter,
            $failure->info?->getMetadata()['oldest'] ?? null,
        );
    }

    private function read(string $bytes): void
    {
        $status = new Status();
        try {
            $status->mergeFromString($bytes);
            foreach ($status->getDetails() as $detail) {
                $this->detail($detail);
            }
        } catch (\Exception) {
            // Not google.rpc.Status after all: the code and the message are what there is.
        }
    }

    private function detail(Any $detail): void
    {
        $name = \substr((string) \strrchr($detail->getTypeUrl(), '/'), 1);
        switch ($name) {
            case 'google.rpc.ErrorInfo':
                $this->info = new ErrorInfo();
                $this->info->mergeFromString($detail->getValue());
                break;
            case 'google.rpc.BadRequest':
                $bad = new BadRequest();
                $bad->mergeFromString($detail->getValue());
                foreach ($bad->getFieldViolations() as $wrong) {
                    $this->fields[] = new FieldProblem($wrong->getField(), $wrong->getDescription());
                }
                break;
            case 'google.rpc.RetryInfo':
                $retry = new RetryInfo();
                $retry->mergeFromString($detail->getValue());
                $delay = $retry->getRetryDelay();
                $this->retryAfter = $delay === null ? null : $delay->getSeconds() + $delay->getNanos() / 1e9;
                break;
        }
    }
}
