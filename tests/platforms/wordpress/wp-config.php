<?php
// A WordPress of the tests' own. What a test sets lies in `constants.json` beside this file.

$given = json_decode( file_get_contents( __DIR__ . '/constants.json' ), true );
foreach ( $given as $name => $value ) {
	define( $name, $value );
}

define( 'WPCOM_API_KEY', 'abcdef012345' ); // what Akismet's plug-in takes for a key
define( 'DB_USER', 'herald' );
define( 'DB_PASSWORD', '' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_HOME', WP_SITEURL );
define( 'DISABLE_WP_CRON', true );        // a test runs what is due
define( 'WP_HTTP_BLOCK_EXTERNAL', true ); // no look for updates
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', __DIR__ . '/debug.log' );

$table_prefix = 'wp_';

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
