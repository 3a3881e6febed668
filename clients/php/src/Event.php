<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Something that happened on the site: what Client::record() takes, put together before, for Client::recordAll().
 */
final class Event
{
    /** Names the event for ever. */
    public readonly string $id;

    /**
     * @param string $type what happened: lower-case words joined by dots, such as "post.created"
     * @param string|int $user who did it, in the site's own words: a row number, a UUID, a login
     * @param array<string, mixed> $data whatever else the rules need
     * @param string|int|null $subject what it was done to, if anything: the post, the level
     * @param ?string $id such as "post:42": sent again, it counts once. Null: one is made
     * @param ?\DateTimeInterface $time when it happened; null: when it arrives
     */
    public function __construct(
        public readonly string $type,
        private readonly string|int $user,
        private readonly array $data = [],
        private readonly string|int|null $subject = null,
        ?string $id = null,
        private readonly ?\DateTimeInterface $time = null,
    ) {
        $this->id = $id ?? self::freshId();
    }

    /** An id that nobody has used: 128 random bits. */
    public static function freshId(): string
    {
        return 'laurels-php-' . \bin2hex(\random_bytes(16));
    }

    /**
     * As the protocol has it. The data travels as JSON: a Struct is the slow part of protobuf in PHP, and its
     * numbers are doubles.
     *
     * @internal
     */
    public function request(): Page\RecordEventRequest
    {
        $event = new Page\Event();
        $event->setId(Utf8::checked($this->id, 'the id'));
        $event->setType(Utf8::checked($this->type, 'the type'));
        $event->setUser(Utf8::checked((string) $this->user, 'the user'));
        $event->setSubject(Utf8::checked((string) $this->subject, 'the subject'));
        if ($this->time !== null) {
            $event->setTime(Time::message($this->time));
        }
        if ($this->data !== []) {
            $event->setDataJson($this->json());
        }
        $request = new Page\RecordEventRequest();
        $request->setEvent($event);
        return $request;
    }

    private function json(): string
    {
        if (\array_is_list($this->data)) {
            throw new InvalidArgumentException("the data of {$this->type} is a list; give each value a name");
        }
        $flags = \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES
            | \JSON_PRESERVE_ZERO_FRACTION;
        try {
            return \json_encode($this->data, $flags);
        } catch (\JsonException $problem) {
            $message = "the data of {$this->type} cannot be written as JSON: {$problem->getMessage()}";
            throw new InvalidArgumentException($message, 0, $problem);
        }
    }
}
