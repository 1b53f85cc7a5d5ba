<?php
// The configuration of the tests' WordPress. Tests set constants in `constants.json`.

$constants = json_decode( file_get_contents( __DIR__ . '/constants.json' ), true );
foreach ( $constants as $name => $value ) {
	define( $name, $value );
}

define( 'WPCOM_API_KEY', 'abcdef012345' ); // in the format of Akismet's keys
define( 'DB_USER', 'herald' );
define( 'DB_PASSWORD', '' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_HOME', WP_SITEURL );
define( 'DISABLE_WP_CRON', true );        // tests run the jobs themselves
define( 'WP_HTTP_BLOCK_EXTERNAL', true ); // do not check for updates
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', __DIR__ . '/debug.log' );

$table_prefix = 'wp_';

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
