<?php
/**
 * Removes the plug-in's options, table and comment meta, on every site of a network.
 *
 * @package house-rules
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

foreach ( array( 'settings', 'service', 'queue', 'record', 'worker', 'poll', 'plugin' ) as $house_rules_part ) {
	require_once __DIR__ . "/includes/class-house-rules-$house_rules_part.php";
}

if ( is_multisite() ) {
	$house_rules_sites = get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	);
	foreach ( $house_rules_sites as $house_rules_site ) {
		switch_to_blog( $house_rules_site );
		House_Rules_Plugin::uninstall();
		restore_current_blog();
	}
} else {
	House_Rules_Plugin::uninstall();
}
