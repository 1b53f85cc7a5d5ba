<?php
/**
 * Verdicts that were given elsewhere, such as at the service's own desk.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Receives webhooks, and applies what they or a poll say.
 */
class House_Rules_Incoming {
	const WINDOW = 300; // Seconds that a webhook may be old, as of Standard Webhooks.

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_action( 'rest_api_init', array( __CLASS__, 'register' ) );
	}

	/**
	 * Registers the route.
	 */
	public static function register() {
		register_rest_route(
			'house-rules/v1',
			'/webhook',
			array(
				'methods'             => 'POST',
				'callback'            => array( __CLASS__, 'receive' ),
				'permission_callback' => array( __CLASS__, 'is_signed' ),
			)
		);
	}

	/**
	 * Returns whether a request is signed with the secret in the settings.
	 *
	 * @param WP_REST_Request $request The request.
	 * @return bool|WP_Error
	 */
	public static function is_signed( $request ) {
		$secret = House_Rules_Settings::get( 'webhook_secret' );
		$signed = '' !== $secret && self::verify(
			$secret,
			(string) $request->get_header( 'webhook-id' ),
			(string) $request->get_header( 'webhook-timestamp' ),
			(string) $request->get_body(),
			(string) $request->get_header( 'webhook-signature' ),
			time()
		);
		return $signed ? true : new WP_Error( 'house_rules_signature', __( 'The signature is not valid.', 'house-rules' ), array( 'status' => 401 ) );
	}

	/**
	 * Receives a webhook.
	 *
	 * @param WP_REST_Request $request The request.
	 * @return WP_REST_Response
	 */
	public static function receive( $request ) {
		$event = json_decode( $request->get_body(), true );
		if ( is_array( $event ) && isset( $event['data'] ) && is_array( $event['data'] ) ) {
			self::take( array( $event['data'] ) );
		}
		return new WP_REST_Response( null, 204 );
	}

	/**
	 * Returns whether a signature of Standard Webhooks is valid.
	 *
	 * @param string $secret    `whsec_` and base64, or any other text.
	 * @param string $id        The header webhook-id.
	 * @param string $timestamp The header webhook-timestamp.
	 * @param string $body      The body, exactly as it arrived.
	 * @param string $header    The header webhook-signature: signatures with spaces between.
	 * @param int    $now       The present time.
	 * @return bool
	 */
	public static function verify( $secret, $id, $timestamp, $body, $header, $now ) {
		if ( '' === $id || ! ctype_digit( $timestamp ) || abs( $now - (int) $timestamp ) > self::WINDOW ) {
			return false;
		}
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_decode -- The standard encodes keys like this.
		$key      = 0 === strpos( $secret, 'whsec_' ) ? base64_decode( substr( $secret, 6 ), true ) : $secret;
		$key      = $key ? $key : $secret;
		$expected = hash_hmac( 'sha256', "$id.$timestamp.$body", $key, true );
		$valid    = false;
		foreach ( explode( ' ', $header ) as $signature ) {
			if ( 0 === strpos( $signature, 'v1,' ) ) {
				// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- The standard encodes signatures like this.
				$valid = hash_equals( base64_encode( $expected ), substr( $signature, 3 ) ) || $valid;
			}
		}
		return $valid;
	}

	/**
	 * Applies the last verdict on each decision, if it is about this site's comment and is news.
	 *
	 * @param array $decisions With `id`, `comment_id`, `revision` and `history`.
	 */
	public static function take( $decisions ) {
		$by_name = array();
		foreach ( $decisions as $decision ) {
			$name = isset( $decision['comment_id'] ) ? $decision['comment_id'] : null;
			if ( is_string( $name ) && 0 === strpos( $name, House_Rules_Record::PREFIX ) && ! empty( $decision['history']['verdicts'] ) ) {
				$by_name[ $name ][] = $decision;
			}
		}
		foreach ( self::comments( array_keys( $by_name ) ) as $comment_id => $name ) {
			foreach ( $by_name[ $name ] as $decision ) {
				self::apply( $comment_id, $decision );
			}
		}
	}

	/**
	 * Returns the comments with these ids in the service.
	 *
	 * @param string[] $names The ids in the service.
	 * @return string[] The same, by WordPress's id.
	 */
	private static function comments( $names ) {
		global $wpdb;
		if ( ! $names ) {
			return array();
		}
		$places = implode( ', ', array_fill( 0, count( $names ), '%s' ) );
		// phpcs:ignore WordPress.DB -- A search by meta value is not cached, and $places has only %s.
		$rows = $wpdb->get_results( $wpdb->prepare( "SELECT comment_id, meta_value FROM $wpdb->commentmeta WHERE meta_key = %s AND meta_value IN ($places)", array_merge( array( House_Rules_Record::NAME ), $names ) ) );
		return wp_list_pluck( $rows, 'meta_value', 'comment_id' );
	}

	/**
	 * Applies the last verdict on a decision.
	 *
	 * @param int   $comment_id The comment.
	 * @param array $decision   The decision.
	 */
	private static function apply( $comment_id, $decision ) {
		$comment = get_comment( $comment_id );
		$record  = House_Rules_Record::get( $comment_id );
		$verdict = end( $decision['history']['verdicts'] );
		if ( ! $comment || ! $record || ! is_array( $verdict ) || ! isset( $verdict['action'], $verdict['at'] ) ) {
			return;
		}
		$same = '' === $record['decision'] || $decision['id'] === $record['decision']
			|| ( isset( $decision['revision'] ) && $decision['revision'] === $record['revision'] );
		if ( '' !== $record['text'] && House_Rules_Record::hash( $comment->comment_content ) !== $record['text'] ) {
			$same = false; // The text was edited since.
		}
		// A verdict of this site that is on its way is newer, and its echo is no news.
		if ( ! $same || House_Rules_Queue::has( 'verdict', $comment_id ) || ! self::is_later( $verdict['at'], $record['verdict_at'] ) ) {
			return;
		}
		House_Rules_Record::update( $comment_id, array( 'verdict_at' => $verdict['at'] ) );
		if ( in_array( $verdict['action'], House_Rules_Service::ACTIONS, true ) ) {
			House_Rules_Outcome::apply( $comment, $verdict['action'] );
		}
	}

	/**
	 * Returns whether a time of the service is later than another, or the other is ''.
	 *
	 * @param string $at    A time of the service.
	 * @param string $other Another.
	 * @return bool
	 */
	private static function is_later( $at, $other ) {
		return '' === $other || date_create( $at ) > date_create( $other );
	}
}
