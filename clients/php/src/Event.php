<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Something that happened on the site, ready to be sent.
 *
 * @internal
 */
final class Event
{
    /** @param array<string, mixed> $data */
    public function __construct(
        public readonly string $type,
        private readonly string|int $user,
        private readonly array $data,
        private readonly string|int|null $subject,
        public readonly string $id,
        private readonly ?\DateTimeInterface $time,
    ) {
    }

    /** An id that nobody has used: 128 random bits. */
    public static function freshId(): string
    {
        return 'laurels-php-' . \bin2hex(\random_bytes(16));
    }

    /**
     * As the protocol has it. The data travels as JSON: a Struct is the slow part of protobuf in PHP, and its
     * numbers are doubles.
     */
    public function request(): V1\RecordEventRequest
    {
        $event = new V1\Event();
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
        $request = new V1\RecordEventRequest();
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
