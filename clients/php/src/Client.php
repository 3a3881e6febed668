<?php

declare(strict_types=1);

namespace Laurels;

use Google\Protobuf\Duration;
use Google\Protobuf\FieldMask;
use Laurels\V1\GetBadgesRequest;
use Laurels\V1\GetProfileRequest;
use Laurels\V1\ListBadgesRequest;
use Laurels\V1\LiveNotificationsRequest;
use Laurels\V1\UpdateProfileRequest;
use Psr\Log\LoggerInterface;

/**
 * A Laurels server, as a site sees it: say what happened, ask what was earned, listen for what is being earned now.
 *
 *     $laurels = new Client('http://127.0.0.1:50051', key: 'lk_…');
 *     $laurels->record('post.created', $userId, data: ['language' => 'en'], subject: "post:$postId");
 *
 * It connects with the first call, and keeps the connection.
 */
final class Client
{
    /** How many awards or badges are asked for at once. */
    private const PAGE_SIZE = 1000;

    private readonly Connection $connection;

    private readonly Options $options;

    private ?Pending $pending = null;

    /**
     * @param string $url such as `http://127.0.0.1:50051`, or `https://…` for TLS
     * @param ?string $key an API key, where the server asks for one
     * @param ?LoggerInterface $logger is told what record() and recordLater() do not throw
     */
    public function __construct(
        string $url,
        #[\SensitiveParameter]
        ?string $key = null,
        ?Options $options = null,
        private readonly ?LoggerInterface $logger = null,
    ) {
        $this->options = $options ?? new Options();
        $this->connection = new Connection(Address::parse($url), $key, $this->options);
    }

    /**
     * Records that something happened. Never throws, and takes at most Options::$recordDeadlineMs: what goes wrong is
     * logged, and answered with null. A failure that may pass is met with a second attempt under the same id, and
     * counts once.
     *
     * @param string $type what happened: lower-case words joined by dots, such as "post.created"
     * @param string|int $user who did it, in the site's own words: a row number, a UUID, a login
     * @param array<string, mixed> $data whatever else the rules need
     * @param string|int|null $subject what it was done to, if anything: the post, the level
     * @param ?string $id names the event for ever, such as "post:42": sent again, it counts once. Null: one is made,
     *     and a request that comes twice counts twice
     * @param ?\DateTimeInterface $time when it happened; null: when it arrives
     */
    public function record(
        string $type,
        string|int $user,
        array $data = [],
        string|int|null $subject = null,
        ?string $id = null,
        ?\DateTimeInterface $time = null,
    ): ?Recorded {
        $event = new Event($type, $user, $data, $subject, $id, $time);
        try {
            return $this->send($event, $this->options->recordDeadlineMs);
        } catch (\Throwable $failure) {
            $this->complain($event, $failure);
            return null;
        }
    }

    /**
     * As record(), but throws, and may take Options::$deadlineMs: for where it matters, as in a queue's worker.
     *
     * @param array<string, mixed> $data
     * @throws LaurelsException
     */
    public function recordOrFail(
        string $type,
        string|int $user,
        array $data = [],
        string|int|null $subject = null,
        ?string $id = null,
        ?\DateTimeInterface $time = null,
    ): Recorded {
        $event = new Event($type, $user, $data, $subject, $id, $time);
        return $this->send($event, $this->options->deadlineMs);
    }

    /**
     * Records several events, and waits once for all of them: a page that records two is held up hardly longer than by
     * one. Each is recorded or not by itself. Otherwise as record(): never throws, takes at most
     * Options::$recordDeadlineMs, logs each that was not recorded, and meets a failure that may pass with a second
     * attempt.
     *
     *     [$post, $visit] = $laurels->recordAll([
     *         new Event('post.created', $userId, id: "created:post:$postId"),
     *         new Event('day.visited', $userId),
     *     ]);
     *
     * @param array<Event> $events in the order in which they are to be heard
     * @return array<?Recorded> by the same keys; null for what was not recorded
     */
    public function recordAll(array $events): array
    {
        return $this->recordOrLog($events, $this->options->recordDeadlineMs);
    }

    /**
     * As recordAll(), but throws, and may take Options::$deadlineMs. All are tried; then the failure of the first that
     * was not recorded is thrown. The others count once when all are sent again under the same ids.
     *
     * @param array<Event> $events
     * @return array<Recorded> by the same keys
     * @throws LaurelsException
     */
    public function recordAllOrFail(array $events): array
    {
        $outcomes = (new Batch($this->connection))->record($events, $this->options->deadlineMs);
        foreach ($outcomes as $outcome) {
            if (!$outcome instanceof Recorded) {
                throw $outcome;
            }
        }
        return $outcomes;
    }

    /**
     * As record(), but after the response has gone out: under FPM the visitor does not wait for it at all. The event's
     * time is now, if none is given.
     *
     * @param array<string, mixed> $data
     */
    public function recordLater(
        string $type,
        string|int $user,
        array $data = [],
        string|int|null $subject = null,
        ?string $id = null,
        ?\DateTimeInterface $time = null,
    ): void {
        $time ??= new \DateTimeImmutable();
        $deadlineMs = $this->options->laterDeadlineMs;
        $this->pending ??= new Pending(fn (array $events): array => $this->recordOrLog($events, $deadlineMs));
        $this->pending->add(new Event($type, $user, $data, $subject, $id, $time));
    }

    /**
     * Sends what recordLater() keeps, now: for workers that serve many requests in one process, whose end never comes.
     * Never throws.
     */
    public function sendPending(): void
    {
        $this->pending?->send();
    }

    /**
     * What a user has earned, newest first. A user nobody has heard of has nothing.
     *
     * @param list<string> $only only these badges, by id; empty: all
     * @param list<string> $categories only badges of these categories; empty: all
     * @throws LaurelsException
     */
    public function badges(string|int $user, array $only = [], array $categories = []): UserBadges
    {
        $request = $this->about($user, $only, $categories);
        $request->setWithoutProgress(true);
        $request->setPageSize(self::PAGE_SIZE);
        $awards = [];
        $first = null;
        do {
            $page = $this->connection->call('GetBadges', $request, $this->options->deadlineMs);
            $first ??= $page;
            \array_push($awards, ...Award::all($page->getAwards()));
            $request->setPageToken($page->getNextPageToken());
        } while ($page->getNextPageToken() !== '');
        return new UserBadges($awards, $first->getHeldBits(), $first->getCursor());
    }

    /**
     * How far a user is towards badges not yet held, nearest first. Secret badges are left out.
     *
     * @param list<string> $only only these badges, by id; empty: all
     * @param list<string> $categories only badges of these categories; empty: all
     * @return list<Progress>
     * @throws LaurelsException
     */
    public function progress(string|int $user, array $only = [], array $categories = []): array
    {
        $request = $this->about($user, $only, $categories);
        $request->setPageSize(1);
        $answer = $this->connection->call('GetBadges', $request, $this->options->deadlineMs);
        return \array_map(Progress::of(...), \iterator_to_array($answer->getProgress(), false));
    }

    /**
     * A user, as shown to others: name, link, picture, points. A user nobody has heard of has an empty one.
     *
     * @throws LaurelsException
     */
    public function profile(string|int $user): Profile
    {
        $request = new GetProfileRequest();
        $request->setUser(Utf8::checked((string) $user, 'the user'));
        return Profile::of($this->connection->call('GetProfile', $request, $this->options->deadlineMs)->getProfile());
    }

    /**
     * Sets what is given of a user's profile, and leaves the rest as it is; an empty text empties a field. It is
     * recorded as an event `profile.updated` of the user: as durable, and rules hear it. A failure that may pass is met
     * with a second attempt under the same id.
     *
     * @param ?string $link where the user's page is: an http or https URL
     * @param ?string $picture where the user's picture is: likewise
     * @param ?string $timeZone an IANA name such as "Europe/Rome", or a distance from UTC, "+05:30"
     * @param ?string $language as BCP 47 names it: "pt-BR"
     * @param ?string $id names the change for ever: sent again under it, it is made once. Null: one is made
     * @throws LaurelsException
     */
    public function updateProfile(
        string|int $user,
        ?string $name = null,
        ?string $link = null,
        ?string $picture = null,
        ?string $timeZone = null,
        ?string $language = null,
        ?string $id = null,
    ): UpdatedProfile {
        $given = ['name' => $name, 'link' => $link, 'picture' => $picture, 'time_zone' => $timeZone];
        $given = \array_filter([...$given, 'language' => $language], \is_string(...));
        foreach ($given as $field => $value) {
            Utf8::checked($value, "the profile's $field");
        }
        $request = new UpdateProfileRequest();
        $request->setProfile(new V1\Profile(['user' => Utf8::checked((string) $user, 'the user')] + $given));
        $request->setUpdateMask(new FieldMask(['paths' => \array_keys($given)]));
        $request->setId(Utf8::checked($id ?? Event::freshId(), 'the id'));
        return UpdatedProfile::of($this->connection->call('UpdateProfile', $request, $this->options->deadlineMs));
    }

    /**
     * The badges there are, in the order of the catalog.
     *
     * @param list<string> $categories only badges of these categories; empty: all
     * @throws LaurelsException
     */
    public function listBadges(array $categories = [], bool $includeRetired = false): BadgeList
    {
        $request = new ListBadgesRequest();
        $request->setCategories(Utf8::allChecked($categories, 'a category'));
        $request->setIncludeRetired($includeRetired);
        $request->setPageSize(self::PAGE_SIZE);
        $badges = [];
        do {
            $page = $this->connection->call('ListBadges', $request, $this->options->deadlineMs);
            foreach ($page->getBadges() as $badge) {
                $badges[] = Badge::of($badge);
            }
            $request->setPageToken($page->getNextPageToken());
        } while ($page->getNextPageToken() !== '');
        return new BadgeList($badges, (int) $page->getUserCount());
    }

    /**
     * What happens from now on, or after a cursor, in order and without a gap, for as long as the reader likes. When
     * the connection is lost it connects again, and goes on after the last notification: nothing is missed, and
     * nothing comes twice.
     *
     * For daemons, not for pages: it would hold an FPM worker. It throws when the server cannot be reached at first,
     * when it refuses what was asked, and when the patience is over.
     *
     * @param string|int|list<string|int>|null $user only about this user, or these; null: about all
     * @param ?string $after begins after this cursor: what was missed comes first; null: with what happens from now on
     * @param bool $fromBeginning begins with the first notification there is; not together with $after
     * @param list<string> $badges only about these badges, by id
     * @param list<string> $categories only about badges of these categories
     * @param bool $heartbeats also when nothing happens, every $heartbeatSeconds (1 to 60), so that the loop's body
     *     is reached and can do something else
     * @param ?float $patienceSeconds for how long a lost connection is tried again; null: for ever
     * @param ?\Closure(): bool $until ends the stream when it answers true. It is asked at least every quarter of a
     *     second, after signals were handled; with ext-grpc only when a heartbeat comes
     * @return \Generator<int, Notification>
     * @throws LaurelsException
     */
    public function notifications(
        string|int|array|null $user = null,
        ?string $after = null,
        bool $fromBeginning = false,
        array $badges = [],
        array $categories = [],
        bool $heartbeats = false,
        int $heartbeatSeconds = 15,
        ?float $patienceSeconds = null,
        ?\Closure $until = null,
    ): \Generator {
        $request = new LiveNotificationsRequest();
        $request->setUsers(Utf8::allChecked((array) $user, 'a user'));
        $request->setBadges(Utf8::allChecked($badges, 'a badge'));
        $request->setCategories(Utf8::allChecked($categories, 'a category'));
        $request->setAfter(Utf8::checked($after ?? '', 'the cursor'));
        $request->setFromBeginning($fromBeginning);
        $request->setHeartbeatInterval(new Duration(['seconds' => $heartbeatSeconds]));
        $stream = new NotificationStream(
            $this->connection,
            $request,
            $heartbeats,
            $heartbeatSeconds,
            $patienceSeconds,
            $until,
        );
        return $stream->run();
    }

    /** What carries the calls: never Transport::Auto. */
    public function transport(): Transport
    {
        return $this->connection->transport();
    }

    /**
     * @param list<string> $only
     * @param list<string> $categories
     */
    private function about(string|int $user, array $only, array $categories): GetBadgesRequest
    {
        $request = new GetBadgesRequest();
        $request->setUser(Utf8::checked((string) $user, 'the user'));
        $request->setBadges(Utf8::allChecked($only, 'a badge'));
        $request->setCategories(Utf8::allChecked($categories, 'a category'));
        return $request;
    }

    private function send(Event $event, int $deadlineMs): Recorded
    {
        return Recorded::ofPage($this->connection->call('recordOne', $event->request(), $deadlineMs));
    }

    /**
     * @param array<Event> $events
     * @return array<?Recorded>
     */
    private function recordOrLog(array $events, int $deadlineMs): array
    {
        try {
            $outcomes = (new Batch($this->connection))->record($events, $deadlineMs);
        } catch (\Throwable $failure) {
            $outcomes = \array_fill_keys(\array_keys($events), $failure);
        }
        $recorded = [];
        foreach ($outcomes as $key => $outcome) {
            $recorded[$key] = $outcome instanceof Recorded ? $outcome : null;
            if (!$outcome instanceof Recorded) {
                $this->complain($events[$key], $outcome);
            }
        }
        return $recorded;
    }

    /** Says in the log what was not recorded, without a word about the user. */
    private function complain(Event $event, \Throwable $failure): void
    {
        $passing = $failure instanceof LaurelsException && $failure->retryable();
        try {
            $this->logger?->log(
                $passing ? 'warning' : 'error',
                'Laurels has not recorded a {type}: {problem}',
                [
                    'type' => $event->type,
                    'problem' => $failure->getMessage(),
                    'event_id' => $event->id,
                    'reason' => $failure instanceof LaurelsException ? $failure->reason()?->value : null,
                    'exception' => $failure,
                ],
            );
        } catch (\Throwable) {
            // A log that cannot be written is no reason to lose the page.
        }
    }
}
