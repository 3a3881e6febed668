<?php

/**
 * The page of one user. `$site` and `$user` are set.
 */

declare(strict_types=1);

use function Example\html;

$badges = $progress = null;
try {
    $badges = $site->laurels->badges($user);
    $progress = $site->laurels->progress($user);
} catch (Laurels\LaurelsException) {
    // A page without badges is better than none.
}

?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Laurels: <?= html($user) ?></title>
<link rel="stylesheet" href="/style.css">
<body data-server="<?= html($site->address) ?>" data-user="<?= html($user) ?>"
      data-token="<?= html($site->token($user)) ?>" data-after="<?= html($badges?->cursor ?? '') ?>">
<h1><?= html($user) ?></h1>
<form method="post" action="/posts">
    <input type="hidden" name="id" value="post:<?= html(\bin2hex(\random_bytes(8))) ?>">
    <button>Write a post</button>
</form>
<h2>Badges</h2>
<?php if ($badges === null) : ?>
<p>They cannot be shown just now.</p>
<?php endif ?>
<ul id="badges">
<?php foreach ($badges ?? [] as $award) : ?>
    <li class="<?= html($award->medal) ?>"><?= html($award->title) ?>
        <time datetime="<?= $award->time->format(\DATE_ATOM) ?>"><?= $award->time->format('j F Y') ?></time></li>
<?php endforeach ?>
</ul>
<h2>On the way</h2>
<ul>
<?php foreach ($progress ?? [] as $one) : ?>
    <li><?= html($one->title) ?> <progress value="<?= html($one->share()) ?>"></progress>
        <?= html($one->current) ?> of <?= html($one->goal) ?></li>
<?php endforeach ?>
</ul>
<div id="toasts" role="status"></div>
<script type="module" src="/live.js"></script>
