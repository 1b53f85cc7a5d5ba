<?php
/**
 * Tells whoever can change it that the plug-in is not configured or does not work.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The notice in wp-admin.
 */
class House_Rules_Notices {
	const LATE = HOUR_IN_SECONDS; // After this time WP-Cron seems not to run.

	/**
	 * Adds the hook.
	 */
	public static function start() {
		add_action( 'admin_notices', array( __CLASS__, 'show' ) );
	}

	/**
	 * Shows the notice.
	 */
	public static function show() {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		$lines = self::lines();
		if ( ! $lines ) {
			return;
		}
		echo '<div class="notice notice-error"><p><strong>' . esc_html__( 'House rules', 'house-rules' ) . '</strong></p>';
		foreach ( $lines as $line ) {
			echo '<p>' . esc_html( $line ) . '</p>';
		}
		echo '<p><a href="' . esc_url( House_Rules_Settings_Page::url() ) . '">' . esc_html__( 'Settings', 'house-rules' ) . '</a></p></div>';
	}

	/**
	 * Returns what is wrong, in words.
	 *
	 * @return string[]
	 */
	private static function lines() {
		if ( '' === House_Rules_Settings::get( 'url' ) ) {
			return array( __( 'The address of the service is not set, so every comment is held.', 'house-rules' ) );
		}
		$lines  = array();
		$titles = array(
			'decide'  => __( 'New comments are held.', 'house-rules' ),
			'verdict' => __( 'Moderators’ verdicts wait.', 'house-rules' ),
			'read'    => __( 'Verdicts given elsewhere do not arrive.', 'house-rules' ),
			'erase'   => __( 'Personal data wait to be erased.', 'house-rules' ),
		);
		$errors = array();
		foreach ( House_Rules_Service::trouble() as $purpose => $trouble ) {
			$errors[ $trouble['error'] ][ $trouble['since'] . $purpose ] = $titles[ $purpose ];
		}
		foreach ( $errors as $error => $effects ) {
			ksort( $effects );
			$since = (int) key( $effects );
			/* translators: 1: what is wrong, 2: for how long, such as "5 mins", 3: what follows from it. */
			$lines[] = sprintf( __( '%1$s (for %2$s) %3$s', 'house-rules' ), $error, human_time_diff( $since ), implode( ' ', $effects ) );
		}
		$queue = House_Rules_Queue::summary();
		if ( $queue['failed'] ) {
			/* translators: 1: number of messages, 2: why. */
			$lines[] = sprintf( __( 'The service refuses messages (%1$d). The last reason: %2$s', 'house-rules' ), $queue['failed'], $queue['error'] );
		}
		if ( ! $lines && $queue['oldest'] && $queue['oldest'] < time() - self::LATE ) {
			/* translators: %d: number of messages. */
			$lines[] = sprintf( __( 'Messages to the service wait (%d), because WP-Cron does not run.', 'house-rules' ), $queue['waiting'] );
		}
		return $lines;
	}
}
