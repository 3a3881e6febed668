<?php

/**
 * What a site does with Laurels: the client, loaded without Composer, which would do no less.
 */

declare(strict_types=1);

\spl_autoload_register(static function (string $class): void {
    $client = \dirname(__DIR__, 3) . '/clients/php';
    $folders = [
        'Laurels\\V1\\' => "$client/generated/Laurels/V1",
        'Laurels\\ErrorDetails\\' => "$client/generated/Laurels/ErrorDetails",
        'Laurels\\' => "$client/src",
        'Google\\Protobuf\\' => '/usr/share/php/Google/Protobuf',
        'GPBMetadata\\' => '/usr/share/php/GPBMetadata',
        'Grpc\\' => $_SERVER['GRPC_PHP_LIB'] . '/Grpc',
        'Psr\\Log\\' => '/usr/share/php/Psr/Log',
    ];
    foreach ($folders as $prefix => $folder) {
        if (\str_starts_with($class, $prefix)) {
            $file = $folder . '/' . \strtr(\substr($class, \strlen($prefix)), '\\', '/') . '.php';
            if (\is_file($file)) {
                require $file;
            }
            return;
        }
    }
});
// Debian's google/protobuf is older than its PHP.
\error_reporting(\E_ALL & ~\E_DEPRECATED);

/** @return list<string> the badges that were earned */
function recordWithLaurels(string $user, string $page): array
{
    $options = new Laurels\Options(transport: Laurels\Transport::CurlGrpcWeb);
    $laurels = new Laurels\Client($_SERVER['LAURELS_SERVER'], options: $options);
    $earned = [];
    foreach (['a', 'b'] as $which) {
        foreach ($laurels->recordOrFail('post.created', $user, id: "$page-$which")->awards as $award) {
            $earned[] = $award->badge;
        }
    }
    return $earned;
}
