<?php

declare(strict_types=1);

namespace Laurels\Tests;

/**
 * A real php-fpm with one worker, with the extensions of the leg.
 */
final class Fpm
{
    private readonly string $folder;

    private readonly Program $program;

    public function __construct()
    {
        $this->folder = Scratch::folder();
        \file_put_contents("{$this->folder}/fpm.conf", <<<CONF
            [global]
            daemonize = no
            error_log = /dev/stderr
            [site]
            listen = {$this->folder}/socket
            user = root
            group = root
            pm = static
            pm.max_children = 1
            catch_workers_output = yes
            clear_env = no
            CONF);
        $root = \posix_geteuid() === 0 ? ['--allow-to-run-as-root'] : [];
        $command = ['php-fpm8.2', ...$root, ...Program::options(), '--fpm-config', "{$this->folder}/fpm.conf"];
        $this->program = Program::of(...$command);
        $this->program->await(fn (): bool => \file_exists("{$this->folder}/socket"), 'the socket of php-fpm');
    }

    /**
     * The body that a page of tests/fpm answers.
     *
     * @param array<string, string> $query
     */
    public function get(string $server, array $query): string
    {
        $page = __DIR__ . '/fpm/page.php';
        $program = Program::of(
            'env',
            'REQUEST_METHOD=GET',
            "SCRIPT_FILENAME=$page",
            'SCRIPT_NAME=/page.php',
            'QUERY_STRING=' . \http_build_query($query),
            "LAURELS_SERVER=$server",
            'LAURELS_TRANSPORT=' . Leg::transport()->value,
            'LAURELS_CA_FILE=' . Leg::caFile(),
            'cgi-fcgi',
            '-bind',
            '-connect',
            "{$this->folder}/socket",
        );
        $program->wait();
        return \explode("\r\n\r\n", $program->said(), 2)[1] ?? $program->complained();
    }

    public function __destruct()
    {
        // It takes its worker along, which the signal of Program's end would leave behind.
        $this->program->signal(\SIGTERM);
        $this->program->wait();
        Scratch::remove($this->folder);
    }
}
