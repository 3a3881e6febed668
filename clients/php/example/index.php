<?php

/**
 * A site of one page: write something, see what you earned, and be told at once, also of what another window of yours
 * does. README.md beside it says how it is started.
 */

declare(strict_types=1);

require \getenv('LAURELS_AUTOLOAD') ?: __DIR__ . '/../vendor/autoload.php';
require __DIR__ . '/site.php';

$site = Example\Site::fromEnvironment();
\session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
$user = $_SESSION['user'] ?? null;

switch ($_SERVER['REQUEST_METHOD'] . ' ' . \parse_url($_SERVER['REQUEST_URI'], \PHP_URL_PATH)) {
    case 'GET /':
        require $user === null ? __DIR__ . '/login.html' : __DIR__ . '/page.php';
        break;
    case 'POST /login':
        \session_regenerate_id(true);
        $_SESSION['user'] = (string) $_POST['user'];
        \header('Location: /', true, 303);
        break;
    case 'POST /posts':
        // A form that is sent twice counts once: the page that had it made the id.
        $site->laurels->record('post.created', (string) $user, subject: $_POST['id'], id: "created:{$_POST['id']}");
        \header('Location: /', true, 303);
        break;
    case 'GET /token':
        // For a page that stays open longer than its token lives.
        \header('Content-Type: application/json');
        echo \json_encode(['token' => $user === null ? null : $site->token($user)]);
        break;
    case 'GET /notifications.js':
        // A site of its own would have a copy among its scripts.
        \header('Content-Type: text/javascript');
        \readfile(__DIR__ . '/../../browser/notifications.js');
        break;
    default:
        // The built-in server of PHP sends the file, if there is one.
        return false;
}
