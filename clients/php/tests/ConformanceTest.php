<?php

declare(strict_types=1);

namespace Laurels\Tests;

use PHPUnit\Framework\TestCase;

/**
 * What every client of Laurels does alike.
 */
final class ConformanceTest extends TestCase
{
    private static ?Server $server = null;

    public static function setUpBeforeClass(): void
    {
        self::$server = Server::withLetters();
    }

    public static function tearDownAfterClass(): void
    {
        self::$server = null;
    }

    /** @dataProvider cases */
    public function testItDoesAsEveryClient(array $steps): void
    {
        (new Replay(Leg::client(self::$server), self::$server))->run($steps);
    }

    public static function cases(): array
    {
        return \array_map(static fn (array $steps): array => [$steps], Conformance::read()->cases());
    }
}
