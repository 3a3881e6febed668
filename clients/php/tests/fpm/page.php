<?php

/**
 * A page of a site, for FpmTest: `?do=` says what it does.
 */

declare(strict_types=1);

require \dirname(__DIR__) . '/bootstrap.php';

$options = [
    'transport' => \Laurels\Transport::from($_SERVER['LAURELS_TRANSPORT']),
    'caFile' => $_SERVER['LAURELS_CA_FILE'] ?: null,
];
$record = static fn (array $options): \Laurels\Client
    => new \Laurels\Client($_SERVER['LAURELS_SERVER'], options: new \Laurels\Options(...$options));

\header('Content-Type: text/plain');
switch ($_GET['do']) {
    case 'record':
        $laurels = $record($options + ['recordDeadlineMs' => 20_000, 'deadlineMs' => 20_000]);
        $recorded = $laurels->record('letter.sent', $_GET['user'], data: ['language' => 'en']);
        echo \count($recorded?->awards ?? []), ' new, ', \count($laurels->badges($_GET['user'])), " in all\n";
        break;
    case 'record-later':
        // Long enough to fail the test where the page waits for it.
        $laurels = $record($options + ['laterDeadlineMs' => 600_000, 'deadlineMs' => 600_000]);
        $laurels->recordLater('letter.sent', $_GET['user']);
        \register_shutdown_function(static function (): void {
            echo "footer\n";
        });
        echo "body\n";
        break;
    case 'record-in-vain':
        $recorded = $record($options + ['recordDeadlineMs' => 50])->record('letter.sent', $_GET['user']);
        echo $recorded === null ? "null\n" : "recorded\n";
        break;
}
