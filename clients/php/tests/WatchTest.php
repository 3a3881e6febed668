<?php

declare(strict_types=1);

namespace Laurels\Tests;

use PHPUnit\Framework\TestCase;

/**
 * bin/laurels-watch, as a supervisor runs it.
 */
final class WatchTest extends TestCase
{
    private Server $server;

    private string $folder;

    protected function setUp(): void
    {
        $this->server = Server::withLetters();
        $this->folder = Scratch::folder();
    }

    protected function tearDown(): void
    {
        Scratch::remove($this->folder);
    }

    private function callbackThat(string $body): string
    {
        $file = "{$this->folder}/callback.php";
        \file_put_contents($file, "<?php\nreturn function (\\Laurels\\Notification \$it): void {\n$body\n};\n");
        return $file;
    }

    private function start(string ...$arguments): Program
    {
        $options = ['--server', $this->server->url(), '--transport', Leg::transport()->value];
        $ca = Leg::usesTls() ? ['--ca-file', (string) Leg::caFile()] : [];
        return Program::php(\dirname(__DIR__) . '/bin/laurels-watch', ...$options, ...$ca, ...$arguments);
    }

    public function testItHandsOverAndEndsBySignal(): void
    {
        $cursors = "{$this->folder}/cursor";
        $say = $this->callbackThat('echo $it->kind->value, " ", $it->award->user, " ", $it->award->title, "\n";');
        $watch = $this->start('--cursor-file', $cursors, '--user', 'ada', '--badge', 'first-letter', $say);
        $watch->awaitLine('listening by ' . Leg::transport()->value);
        $laurels = Leg::client($this->server);
        $laurels->recordOrFail('letter.sent', 'ben');
        $laurels->recordOrFail('letter.sent', 'ada');
        $watch->awaitLine('award ada First letter');
        // ext-grpc hands a signal over with the next heartbeat.
        $watch->signal(\SIGTERM);
        self::assertSame(0, $watch->wait());
        self::assertStringEndsWith("ended by a signal\n", $watch->said());

        // What happens while it does not run comes first when it does again.
        $laurels->recordOrFail('letter.sent', 'cat');
        $again = $this->start('--cursor-file', $cursors, $say);
        $again->awaitLine('award cat First letter');
        self::assertStringNotContainsString('ada', $again->said());
        $again->signal(\SIGINT);
        self::assertSame(0, $again->wait());
    }

    public function testWhatACallbackFailsAtComesAgain(): void
    {
        Leg::client($this->server)->recordOrFail('letter.sent', 'ada');
        $cursors = "{$this->folder}/cursor";
        $fail = $this->callbackThat('throw new \RuntimeException("no mail today");');
        $watch = $this->start('--from-beginning', '--cursor-file', $cursors, $fail);
        self::assertSame(1, $watch->wait());
        self::assertStringContainsString('no mail today', $watch->complained());
        $say = $this->callbackThat('echo $it->award->user, "\n";');
        $again = $this->start('--from-beginning', '--cursor-file', $cursors, $say);
        $again->awaitLine('ada');
        self::assertSame('', $again->complained());
    }

    public function testItOutlivesARestartOfTheServer(): void
    {
        $say = $this->callbackThat('echo $it->award->user, "\n";');
        $watch = $this->start($say);
        $watch->awaitLine('listening by ' . Leg::transport()->value);
        $this->server->restart(\SIGKILL);
        Leg::client($this->server)->recordOrFail('letter.sent', 'ada');
        $watch->awaitLine('ada');
        self::assertSame(1, \substr_count($watch->said(), "listening"));
    }

    /** @dataProvider mistakes */
    public function testAMistakeIsExplained(array $arguments, int $code, string $said): void
    {
        $watch = $this->start(...$arguments);
        self::assertSame($code, $watch->wait());
        self::assertStringContainsString($said, $watch->complained());
    }

    public static function mistakes(): array
    {
        return [
            'no callback' => [[], 2, 'no callback is named'],
            'a callback that is not there' => [['/nowhere.php'], 2, '/nowhere.php cannot be read'],
            'an option that is not there' => [['--usr', 'ada', 'c.php'], 2, 'there is no option --usr'],
            'an option without its value' => [['c.php', '--user'], 2, '--user stands alone'],
            'a transport that is not there' => [['--transport=pigeon', 'c.php'], 2, 'there is no transport pigeon'],
            'no function' => [[__DIR__ . '/Scratch.php'], 2, 'returns no function'],
        ];
    }

    public function testItSaysWhatItCanDo(): void
    {
        $watch = $this->start('--help');
        self::assertSame(0, $watch->wait());
        self::assertStringContainsString('--cursor-file FILE', $watch->said());
    }
}
