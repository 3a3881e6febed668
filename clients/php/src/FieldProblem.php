<?php

declare(strict_types=1);

namespace Laurels;

/**
 * One field that is wrong.
 */
final class FieldProblem
{
    /**
     * @internal
     * @param string $field the path of the field: `event.user`
     * @param string $problem what is wrong with it, and what to send instead
     */
    public function __construct(
        public readonly string $field,
        public readonly string $problem,
    ) {
    }
}
