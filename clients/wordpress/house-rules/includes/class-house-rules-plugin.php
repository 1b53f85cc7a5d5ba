<?php
/**
 * Starts the parts of the plug-in, and installs and removes what they keep.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The plug-in itself.
 */
class House_Rules_Plugin {
	/**
	 * Adds the hooks of all parts.
	 */
	public static function start() {
		register_activation_hook( HOUSE_RULES_FILE, array( __CLASS__, 'install' ) );
		register_deactivation_hook( HOUSE_RULES_FILE, array( 'House_Rules_Worker', 'unschedule' ) );
		add_action( 'init', array( __CLASS__, 'init' ), 1 );
		House_Rules_Gate::start();
		House_Rules_Edits::start();
		House_Rules_Verdicts::start();
		House_Rules_Worker::start();
		House_Rules_Incoming::start();
		House_Rules_Desk::start();
		House_Rules_Settings_Page::start();
		House_Rules_Notices::start();
		House_Rules_Privacy::start();
	}

	/**
	 * Installs, if this is a new version or a new site of a network.
	 */
	public static function init() {
		if ( get_option( 'house_rules_version' ) !== HOUSE_RULES_VERSION ) {
			self::install();
		}
		House_Rules_Worker::schedule();
	}

	/**
	 * Creates the queue's table and the secret for authors. Does nothing if they exist.
	 */
	public static function install() {
		House_Rules_Queue::install();
		House_Rules_Settings::secret();
		update_option( 'house_rules_version', HOUSE_RULES_VERSION );
	}

	/**
	 * Removes everything that the plug-in keeps on this site.
	 */
	public static function uninstall() {
		House_Rules_Worker::unschedule();
		House_Rules_Queue::uninstall();
		foreach ( array( House_Rules_Record::DECISION, House_Rules_Record::NAME, House_Rules_Record::STATE ) as $key ) {
			delete_metadata( 'comment', 0, $key, '', true );
		}
		foreach ( array( House_Rules_Settings::OPTION, House_Rules_Settings::SECRET, House_Rules_Service::TROUBLE, House_Rules_Poll::PLACE, 'house_rules_version' ) as $option ) {
			delete_option( $option );
		}
	}
}
