<?php

/**
 * What a site does without Laurels: the tables of peers/record.mariadb.sql by PDO, a transaction an event. The connection stays
 * from page to page, since a page has one for its own ends.
 */

declare(strict_types=1);

/** @return list<string> the badges that were earned */
function recordWithPdo(string $user, string $page): array
{
    $database = new \PDO($_SERVER['COMPARE_DSN'], 'root', '', [
        \PDO::ATTR_PERSISTENT => true,
        \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION,
    ]);
    return \array_filter([
        recordEvent($database, 'post.created', $user, "$page-a"),
        recordEvent($database, 'post.created', $user, "$page-b"),
    ]);
}

/** The badge that the event earned, if it did. */
function recordEvent(\PDO $database, string $kind, string $user, string $id): ?string
{
    $do = static function (string $statement, array $values) use ($database): \PDOStatement {
        $prepared = $database->prepare($statement);
        $prepared->execute($values);
        return $prepared;
    };
    $database->beginTransaction();
    try {
        if ($do('INSERT IGNORE INTO event (id) VALUES (?)', [$id])->rowCount() === 0) {
            $earned = $do('SELECT badge FROM event WHERE id = ?', [$id])->fetchColumn();
            $database->commit();
            return $earned;
        }
        $counted = 'INSERT INTO tally VALUES (?, ?, 1) ON DUPLICATE KEY UPDATE events = LAST_INSERT_ID(events + 1)';
        $count = $do($counted, [$user, $kind])->rowCount() === 1 ? 1 : (int) $database->lastInsertId();
        $badge = $do('SELECT name, bit, points FROM badge WHERE kind = ? AND goal = ?', [$kind, $count])->fetch();
        if ($badge !== false) {
            $player = 'INSERT INTO player VALUES (?, 1 << ?, ?)'
                . ' ON DUPLICATE KEY UPDATE points = points + VALUES(points), badges = badges | VALUES(badges)';
            $do($player, [$user, $badge['bit'], $badge['points']]);
            $do('UPDATE event SET badge = ? WHERE id = ?', [$badge['name'], $id]);
            $do('INSERT INTO award (player, badge, event) VALUES (?, ?, ?)', [$user, $badge['name'], $id]);
        }
        $database->commit();
        return $badge === false ? null : $badge['name'];
    } catch (\Throwable $failure) {
        $database->rollBack();
        throw $failure;
    }
}
