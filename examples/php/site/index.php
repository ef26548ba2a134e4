<?php
// Prints which page is asked for, as old frameworks find that out, and what PHP
// is told of whoever asks.
header('Content-Type: text/plain');
$page = $_SERVER['HTTP_X_ORIGINAL_URL'] ?? $_SERVER['HTTP_X_REWRITE_URL'] ?? $_SERVER['REQUEST_URI'];
echo "page: $page\n";
foreach ([
    'HTTP_X_CLERK_USER_ID', 'HTTP_X_CLERK_ORG_ROLE', 'CLERK_USER_ID', 'CLERK_EMAIL',
    'REMOTE_USER', 'HTTP_AUTHORIZATION', 'HTTP_COOKIE',
] as $name) {
    if (($_SERVER[$name] ?? '') !== '') {
        echo "$name: {$_SERVER[$name]}\n";
    }
}
