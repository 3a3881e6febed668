<?php

/**
 * Loads what the tests need without Composer, which cannot fetch anything here: the package itself, Debian's
 * google/protobuf and psr/log, and Grpc\BaseStub from the sources of gRPC.
 *
 * GRPC_PHP_LIB is where that one is: the folder that has `Grpc`.
 */

declare(strict_types=1);

\error_reporting(\E_ALL);
\set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    $deprecation = $level === \E_DEPRECATED || $level === \E_USER_DEPRECATED;
    if ($deprecation && !\str_starts_with($file, \dirname(__DIR__))) {
        // Debian's google/protobuf is older than its PHP.
        return true;
    }
    if ((\error_reporting() & $level) === 0) {
        return false;
    }
    throw new \ErrorException($message, 0, $level, $file, $line);
});

\spl_autoload_register(static function (string $class): void {
    $package = \dirname(__DIR__);
    $folders = [
        'Laurels\\Tests\\' => "$package/tests",
        'Laurels\\V1\\' => "$package/generated/Laurels/V1",
        'Laurels\\ErrorDetails\\' => "$package/generated/Laurels/ErrorDetails",
        'Laurels\\Page\\' => "$package/generated/Laurels/Page",
        'Laurels\\' => "$package/src",
        'Google\\Protobuf\\' => '/usr/share/php/Google/Protobuf',
        'GPBMetadata\\' => '/usr/share/php/GPBMetadata',
        'Grpc\\' => \getenv('GRPC_PHP_LIB') . '/Grpc',
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
