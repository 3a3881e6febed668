<?php

declare(strict_types=1);

namespace Laurels;

use Google\Protobuf\Any;
use Google\Protobuf\Duration;
use Laurels\ErrorDetails\BadRequest;
use Laurels\ErrorDetails\ErrorInfo;
use Laurels\ErrorDetails\RetryInfo;
use Laurels\ErrorDetails\Status;
use Laurels\Transport\CallStatus;
use Laurels\Transport\StatusCode;
use Laurels\V1\EventError;

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

    /** Of one event of a stream. */
    public static function ofEvent(string $bytes): CallException
    {
        $error = new EventError();
        $error->mergeFromString($bytes);
        try {
            $reason = ErrorReason::tryFrom(V1\ErrorReason::name($error->getReason()));
        } catch (\UnexpectedValueException) {
            // Of a newer server: the message is all there is to go by.
            $reason = null;
        }
        $field = $error->getField();
        return new CallException(
            $error->getMessage(),
            $reason,
            $reason?->isPassing() ?? false,
            $field === '' ? [] : [new FieldProblem($field, $error->getMessage())],
            self::seconds($error->getRetryDelay()),
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
                $this->retryAfter = self::seconds($retry->getRetryDelay());
                break;
        }
    }

    private static function seconds(?Duration $delay): ?float
    {
        return $delay === null ? null : $delay->getSeconds() + $delay->getNanos() / 1e9;
    }
}
