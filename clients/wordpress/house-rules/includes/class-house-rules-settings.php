<?php
/**
 * The settings: constants in wp-config.php, or else the option that the settings page saves.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Reads the settings.
 */
class House_Rules_Settings {
	const OPTION = 'house_rules';
	const SECRET = 'house_rules_secret';

	// A constant in wp-config.php wins over the settings page.
	const CONSTANTS = array(
		'url'            => 'HOUSE_RULES_URL',
		'key'            => 'HOUSE_RULES_KEY',
		'webhook_secret' => 'HOUSE_RULES_WEBHOOK_SECRET',
	);

	/**
	 * Returns the settings of a site where nothing was set.
	 *
	 * @return array
	 */
	public static function defaults() {
		return array(
			'url'            => '',
			'key'            => '',
			'webhook_secret' => '',
			'reject'         => 'trash',
			'without_trash'  => 'hold',
			'poll'           => true,
			// What programs and editors write, not readers.
			'skip_types'     => array( 'pingback', 'trackback', 'note', 'order_note', 'webhook_delivery', 'action_log' ),
		);
	}

	/**
	 * Returns a setting.
	 *
	 * @param string $name One of the names in `defaults`.
	 * @return mixed
	 */
	public static function get( $name ) {
		if ( self::is_constant( $name ) ) {
			return 'reject' === $name ? 'refuse' : (string) constant( self::CONSTANTS[ $name ] );
		}
		$saved = (array) get_option( self::OPTION, array() ) + self::defaults();
		return $saved[ $name ];
	}

	/**
	 * Returns whether wp-config.php decides a setting.
	 *
	 * @param string $name The setting.
	 * @return bool
	 */
	public static function is_constant( $name ) {
		if ( 'reject' === $name ) {
			return defined( 'HOUSE_RULES_TELL' ) && HOUSE_RULES_TELL;
		}
		return isset( self::CONSTANTS[ $name ] ) && defined( self::CONSTANTS[ $name ] );
	}

	/**
	 * Returns what happens to a comment that the service rejects.
	 *
	 * @return string 'trash', 'refuse' (not stored, and the author is told why), 'hold' or 'delete'.
	 */
	public static function on_reject() {
		if ( 'refuse' === self::get( 'reject' ) ) {
			return 'refuse';
		}
		return EMPTY_TRASH_DAYS ? 'trash' : self::get( 'without_trash' );
	}

	/**
	 * Returns the secret that hides authors' mail addresses. It is created once and never changes,
	 * so that an author stays the same author.
	 *
	 * @return string
	 */
	public static function secret() {
		$secret = get_option( self::SECRET );
		if ( ! $secret ) {
			add_option( self::SECRET, bin2hex( random_bytes( 32 ) ), '', 'no' );
			wp_cache_delete( self::SECRET, 'options' ); // Another request may have added it first.
			$secret = get_option( self::SECRET );
		}
		return $secret;
	}
}
