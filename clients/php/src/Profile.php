<?php

declare(strict_types=1);

namespace Laurels;

/**
 * A user, as shown to others. Of one nobody has heard of, everything is empty but the user.
 */
final class Profile
{
    /**
     * @internal
     * @param string $user the user
     * @param string $name what to call the user; may be empty, like everything that follows
     * @param string $link where the user's page is
     * @param string $picture where the user's picture is
     * @param string $timeZone an IANA name such as "Europe/Rome", or a distance from UTC
     * @param string $language as BCP 47 names it: "pt-BR"
     * @param int $points of all awards held
     * @param int $awardCount how many awards the user has
     */
    public function __construct(
        public readonly string $user,
        public readonly string $name,
        public readonly string $link,
        public readonly string $picture,
        public readonly string $timeZone,
        public readonly string $language,
        public readonly int $points,
        public readonly int $awardCount,
    ) {
    }

    /** @internal */
    public static function of(V1\Profile $message): self
    {
        return new self(
            $message->getUser(),
            $message->getName(),
            $message->getLink(),
            $message->getPicture(),
            $message->getTimeZone(),
            $message->getLanguage(),
            (int) $message->getPoints(),
            $message->getAwardCount(),
        );
    }
}
