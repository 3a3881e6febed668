<?php

declare(strict_types=1);

namespace Laurels;

/**
 * Text, as the protocol wants it.
 *
 * @internal
 */
final class Utf8
{
    /** The text, if it is UTF-8. protobuf would throw a bare Exception that names no field. */
    public static function checked(string $text, string $what): string
    {
        if (\preg_match('//u', $text) !== 1) {
            throw new InvalidArgumentException("$what is not UTF-8; convert it first");
        }
        return $text;
    }

    /**
     * @param array<string|int> $texts
     * @return list<string>
     */
    public static function allChecked(array $texts, string $what): array
    {
        $checked = static fn (string|int $text): string => self::checked((string) $text, $what);
        return \array_map($checked, \array_values($texts));
    }
}
