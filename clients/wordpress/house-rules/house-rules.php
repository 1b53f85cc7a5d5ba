<?php
/**
 * Plugin Name:       House rules
 * Description:       Asks your House rules service about every comment before it is published, shows moderators why, and tells the service what they decide.
 * Version:           1.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * License:           Apache-2.0
 * License URI:       https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain:       house-rules
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

define( 'HOUSE_RULES_VERSION', '1.1.0' );
define( 'HOUSE_RULES_FILE', __FILE__ );

foreach ( array( 'settings', 'service', 'queue', 'record', 'request', 'gate', 'edits', 'verdicts', 'outcome', 'worker', 'incoming', 'poll', 'desk', 'settings-page', 'notices', 'privacy', 'plugin' ) as $house_rules_part ) {
	require_once __DIR__ . "/includes/class-house-rules-$house_rules_part.php";
}
unset( $house_rules_part );

House_Rules_Plugin::start();
