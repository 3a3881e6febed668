<?php

/**
 * What a site does with Laurels: the client, loaded without Composer, whose optimized autoloader (`composer install -o`) does not
 * look either whether a file is there.
 */

declare(strict_types=1);

\spl_autoload_register(static function (string $class): void {
    $client = \dirname(__DIR__, 3) . '/clients/php';
    $folders = [
        'Laurels\\V1\\' => "$client/generated/Laurels/V1",
        'Laurels\\ErrorDetails\\' => "$client/generated/Laurels/ErrorDetails",
        'Laurels\\Page\\' => "$client/generated/Laurels/Page",
        'Laurels\\' => "$client/src",
        'Google\\Protobuf\\' => '/usr/share/php/Google/Protobuf',
        'GPBMetadata\\' => '/usr/share/php/GPBMetadata',
        'Grpc\\' => $_SERVER['GRPC_PHP_LIB'] . '/Grpc',
        'Psr\\Log\\' => '/usr/share/php/Psr/Log',
    ];
    foreach ($folders as $prefix => $folder) {
        if (\str_starts_with($class, $prefix)) {
            require $folder . '/' . \strtr(\substr($class, \strlen($prefix)), '\\', '/') . '.php';
            return;
        }
    }
});
// Debian's google/protobuf is older than its PHP.
\error_reporting(\E_ALL & ~\E_DEPRECATED);

/** @return list<string> the badges that were earned */
function recordWithLaurels(string $user, string $page): array
{
    return earned(laurels()->recordAllOrFail([
        new Laurels\Event('post.created', $user, id: "$page-a"),
        new Laurels\Event('post.created', $user, id: "$page-b"),
    ]));
}

/** @return list<string> the badges that were earned */
function recordWithLaurelsOneByOne(string $user, string $page): array
{
    $laurels = laurels();
    return earned([
        $laurels->recordOrFail('post.created', $user, id: "$page-a"),
        $laurels->recordOrFail('post.created', $user, id: "$page-b"),
    ]);
}

function laurels(): Laurels\Client
{
    $options = new Laurels\Options(transport: Laurels\Transport::CurlGrpcWeb);
    return new Laurels\Client($_SERVER['LAURELS_SERVER'], options: $options);
}

/**
 * @param list<Laurels\Recorded> $recorded
 * @return list<string>
 */
function earned(array $recorded): array
{
    $earned = [];
    foreach ($recorded as $event) {
        foreach ($event->awards as $award) {
            $earned[] = $award->badge;
        }
    }
    return $earned;
}
