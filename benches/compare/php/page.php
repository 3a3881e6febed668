<?php

/**
 * A page of a site: `?do=` says what it does beside showing itself. Both ways record two events, each wholly or not at all, and on the
 * disk before the page goes on.
 */

declare(strict_types=1);

switch ($_GET['do']) {
    case 'laurels':
        require __DIR__ . '/laurels.php';
        $earned = recordWithLaurels($_GET['user'], $_GET['page']);
        break;
    case 'laurels-one-by-one':
        require __DIR__ . '/laurels.php';
        $earned = recordWithLaurelsOneByOne($_GET['user'], $_GET['page']);
        break;
    case 'pdo':
        require __DIR__ . '/pdo.php';
        $earned = recordWithPdo($_GET['user'], $_GET['page']);
        break;
    case 'none':
        $earned = [];
        break;
}

\header('Content-Type: text/plain');
echo 'earned: ', \implode(' ', $earned), "\n";
