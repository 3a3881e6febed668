<?php

declare(strict_types=1);

namespace Laurels;

/**
 * A profile that was set, as it is now, and what the change caused.
 */
final class UpdatedProfile
{
    /** @internal */
    public function __construct(
        public readonly Profile $profile,
        public readonly Recorded $recorded,
    ) {
    }

    /** @internal */
    public static function of(V1\UpdateProfileResponse $message): self
    {
        return new self(Profile::of($message->getProfile()), Recorded::of($message->getRecorded()));
    }
}
