<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * Folders for one test.
 */
final class Scratch
{
    public static function folder(): string
    {
        $folder = \sys_get_temp_dir() . '/laurels-php-' . \bin2hex(\random_bytes(8));
        \mkdir($folder, 0700);
        return $folder;
    }

    public static function remove(string $folder): void
    {
        $within = new \RecursiveDirectoryIterator($folder, \FilesystemIterator::SKIP_DOTS);
        foreach (new \RecursiveIteratorIterator($within, \RecursiveIteratorIterator::CHILD_FIRST) as $entry) {
            $entry->isDir() && !$entry->isLink() ? \rmdir($entry->getPathname()) : \unlink($entry->getPathname());
        }
        \rmdir($folder);
    }
}
