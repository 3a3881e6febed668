<?php

declare(strict_types=1);

namespace Laurels\Watch;

/**
 * How far a reader has come, in a file.
 *
 * @internal
 */
final class CursorFile
{
    private ?string $kept = null;

    /** @param ?string $path null: nothing is kept */
    public function __construct(private readonly ?string $path)
    {
    }

    /** The cursor, or null where there is none yet. */
    public function read(): ?string
    {
        if ($this->path === null || !\is_file($this->path)) {
            return null;
        }
        $cursor = \trim((string) \file_get_contents($this->path));
        return $cursor === '' ? null : $cursor;
    }

    /** Keeps a cursor, so that a crash leaves the old one or the new one. */
    public function write(string $cursor): void
    {
        if ($this->path === null || $cursor === $this->kept) {
            return;
        }
        $file = @\fopen("{$this->path}.new", 'w');
        $whole = $file !== false && \fwrite($file, "$cursor\n") !== false && \fsync($file) && \fclose($file);
        if (!$whole || !\rename("{$this->path}.new", $this->path)) {
            throw new \RuntimeException("the cursor cannot be written to {$this->path}");
        }
        $this->kept = $cursor;
    }
}
