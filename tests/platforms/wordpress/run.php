<?php
// run.php ROOT: runs the PHP code on standard input in WordPress, and prints its result as JSON.

$_SERVER += array(
	'REMOTE_ADDR'     => '127.0.0.1',
	'HTTP_HOST'       => 'localhost',
	'HTTP_USER_AGENT' => 'the tests',
	'REQUEST_METHOD'  => 'POST',
);
require $argv[1] . '/wp-load.php';
echo wp_json_encode( eval( stream_get_contents( STDIN ) ) );
