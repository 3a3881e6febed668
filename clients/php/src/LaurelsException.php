<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Everything that this client throws.
 */
interface LaurelsException extends \Throwable
{
    /**
     * Which of the server's reasons it is. Null where the server did not say, because it was not reached, or is
     * newer than this client.
     */
    public function reason(): ?ErrorReason;

    /**
     * Whether the same may be sent again with hope of success. An event is counted once however often it is sent, as
     * long as it has an id.
     */
    public function retryable(): bool;
}
