<?php

declare(strict_types=1);

namespace Laurels\Tests;

use PHPUnit\Framework\TestCase;

/**
 * The example site, by HTTP, as a browser meets it.
 */
final class ExampleTest extends TestCase
{
    private static ?Server $server = null;

    private static ?Program $site = null;

    private static string $address = '';

    private string $cookies = '';

    public static function setUpBeforeClass(): void
    {
        $badges = (string) \file_get_contents(\dirname(__DIR__, 3) . '/badges/writing.toml');
        $reading = (string) \file_get_contents(\dirname(__DIR__, 3) . '/badges/reading.toml');
        self::$server = new Server(['writing.toml' => $badges, 'reading.toml' => $reading]);
        self::$site = Program::of('env', 'LAURELS_SERVER=' . self::$server->url(), 'LAURELS_AUTOLOAD=' . __DIR__
            . '/bootstrap.php', \PHP_BINARY, ...Program::options(), ...[
                '-S', '127.0.0.1:0', '-t', \dirname(__DIR__) . '/example', \dirname(__DIR__) . '/example/index.php',
            ]);
        $pattern = '~\((http://127\.0\.0\.1:\d+)\) started~';
        self::$site->await(static fn (): bool => \preg_match($pattern, self::$site->complained()) === 1, 'the site');
        \preg_match($pattern, self::$site->complained(), $matches);
        self::$address = $matches[1];
    }

    public static function tearDownAfterClass(): void
    {
        self::$site = self::$server = null;
    }

    /** @param ?array<string, string> $form null: asks, and sends nothing */
    private function ask(string $path, ?array $form = null): string
    {
        $handle = \curl_init(self::$address . $path);
        \curl_setopt_array($handle, [
            \CURLOPT_RETURNTRANSFER => true,
            \CURLOPT_FOLLOWLOCATION => true,
            \CURLOPT_COOKIEFILE => '',
            \CURLOPT_COOKIELIST => $this->cookies,
            \CURLOPT_FAILONERROR => true,
        ]);
        if ($form !== null) {
            \curl_setopt($handle, \CURLOPT_POSTFIELDS, \http_build_query($form));
        }
        $body = \curl_exec($handle);
        self::assertSame('', \curl_error($handle), $path);
        $this->cookies = \curl_getinfo($handle, \CURLINFO_COOKIELIST)[0] ?? $this->cookies;
        return (string) $body;
    }

    private static function field(string $page, string $name): string
    {
        self::assertSame(1, \preg_match("~\\b$name=\"([^\"]*)\"~", $page, $matches), "$name in\n$page");
        return \html_entity_decode($matches[1]);
    }

    public function testWhoWritesAPostSeesTheBadgeAndIsToldLive(): void
    {
        self::assertStringContainsString('Who are you?', $this->ask('/'));
        $page = $this->ask('/login', ['user' => 'Zoë <b>']);
        self::assertStringContainsString('<h1>Zoë &lt;b&gt;</h1>', $page);
        self::assertStringNotContainsString('First post</', $page);
        self::assertSame(self::$server->url(), self::field($page, 'data-server'));

        // What its script asks: from where the page was made.
        $query = ['user' => self::field($page, 'data-user'), 'after' => self::field($page, 'data-after')];
        $live = Program::of('curl', '--silent', '--no-buffer', self::$server->url() . '/v1/notifications?'
            . \http_build_query($query));

        $id = ['id' => \substr(\strstr($page, 'value="post:') ?: '', 7, 21)];
        $page = $this->ask('/posts', $id);
        self::assertMatchesRegularExpression('~<li class="">First post\s+<time~', $page);
        self::assertStringContainsString('1 of 10', $page);
        // The form again, as by an impatient finger.
        self::assertStringContainsString('1 of 10', $this->ask('/posts', $id));

        $live->await(static fn (): bool => \str_contains($live->said(), 'event: award'), 'the award');
        self::assertMatchesRegularExpression('~^data: .*"title":"First post"~m', $live->said());
        self::assertMatchesRegularExpression('~^id: \S+$~m', $live->said());
    }

    public function testItsFilesAreThere(): void
    {
        self::assertStringContainsString('from "./notifications.js"', $this->ask('/live.js'));
        self::assertStringContainsString('/v1/notifications', $this->ask('/notifications.js'));
        self::assertStringContainsString('#toasts', $this->ask('/style.css'));
        self::assertSame('{"token":null}', $this->ask('/token'));
    }

    public function testAServerThatIsAwayTakesNoPageAlong(): void
    {
        $this->ask('/login', ['user' => 'ben']);
        self::$server->end();
        try {
            self::assertStringContainsString('cannot be shown just now', $this->ask('/posts', ['id' => 'post:1']));
        } finally {
            self::$server->start();
        }
    }
}
