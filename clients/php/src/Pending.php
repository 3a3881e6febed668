<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Events that wait for the response to be out.
 *
 * @internal
 */
final class Pending
{
    /** How many events may wait. One more, and all are sent at once: a long-running script has no response to end. */
    public const EVENTS_MAX = 1000;

    /** @var list<Event> */
    private array $events = [];

    private bool $awaitsShutdown = false;

    /** @param \Closure(list<Event>): mixed $send */
    public function __construct(private readonly \Closure $send)
    {
    }

    public function add(Event $event): void
    {
        $this->events[] = $event;
        if (\count($this->events) >= self::EVENTS_MAX) {
            $this->send();
        } elseif (!$this->awaitsShutdown) {
            $this->awaitsShutdown = true;
            \register_shutdown_function($this->lastOfAll(...));
        }
    }

    public function send(): void
    {
        $events = $this->events;
        $this->events = [];
        if ($events !== []) {
            ($this->send)($events);
        }
    }

    /** Goes behind what other parts of the page have registered: they may still write to the response. */
    private function lastOfAll(): void
    {
        \register_shutdown_function(function (): void {
            if ($this->events !== [] && \function_exists('fastcgi_finish_request')) {
                \fastcgi_finish_request();
            }
            $this->send();
        });
    }
}
