<?php
/**
 * Sends requests to the House rules service, and remembers what is wrong with it.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The service.
 */
class House_Rules_Service {
	const TROUBLE = 'house_rules_trouble';
	const ACTIONS = array( 'approve', 'review', 'reject' );
	const PATIENT = 10; // Seconds for requests that no reader waits for.

	/**
	 * Asks for the decision about a comment.
	 *
	 * @param array $comment What the service gets to know.
	 * @param int   $timeout In seconds.
	 * @return array An answer as of `request`. `data` is a decision, or null if there is none.
	 */
	public static function decide( $comment, $timeout ) {
		return self::request( 'decide', 'POST', '/v1/moderate', $comment, $timeout );
	}

	/**
	 * Sends a request. It never goes to another host than the one in the settings.
	 *
	 * @param string     $purpose 'decide', 'verdict', 'read' or 'erase': the scope that the key needs.
	 * @param string     $method  GET or POST.
	 * @param string     $path    The path and query.
	 * @param array|null $body    The body.
	 * @param int        $timeout In seconds.
	 * @return array `data` (the answer, or null), `error` (what is wrong, in words; '' with an answer),
	 *               `again` (whether the same request may succeed later), `unknown` (whether the
	 *               service does not know the decision).
	 */
	public static function request( $purpose, $method, $path, $body = null, $timeout = self::PATIENT ) {
		$url = rtrim( House_Rules_Settings::get( 'url' ), '/' );
		if ( '' === $url ) {
			return self::failure( __( 'The address of the service is not set.', 'house-rules' ), true );
		}
		$answer = wp_remote_request(
			$url . $path,
			array(
				'method'      => $method,
				'timeout'     => $timeout,
				'redirection' => 0, // A redirect would take the key to another host.
				'headers'     => self::headers(),
				'body'        => null === $body ? null : wp_json_encode( $body ),
			)
		);
		$result = self::read( $answer, $purpose );
		self::remember( $purpose, $result['again'] ? $result['error'] : '' );
		return $result;
	}

	/**
	 * Returns what is wrong at present, by purpose: since when, and in words.
	 *
	 * @return array
	 */
	public static function trouble() {
		return (array) get_option( self::TROUBLE, array() );
	}

	/**
	 * Returns the headers of a request.
	 *
	 * @return array
	 */
	private static function headers() {
		$headers = array(
			'Accept'       => 'application/json',
			'Content-Type' => 'application/json',
			'User-Agent'   => 'House-Rules-WordPress/' . HOUSE_RULES_VERSION,
		);
		$key     = House_Rules_Settings::get( 'key' );
		return '' === $key ? $headers : $headers + array( 'Authorization' => "Bearer $key" );
	}

	/**
	 * Reads an answer of `wp_remote_request`.
	 *
	 * @param array|WP_Error $answer  The answer.
	 * @param string         $purpose The scope that the key needs.
	 * @return array As of `request`.
	 */
	private static function read( $answer, $purpose ) {
		if ( is_wp_error( $answer ) ) {
			/* translators: %s: the reason, in technical words. */
			return self::failure( sprintf( __( 'The service was not reached: %s', 'house-rules' ), $answer->get_error_message() ), true );
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		$data   = json_decode( wp_remote_retrieve_body( $answer ), true );
		if ( 200 === $status && is_array( $data ) && self::is_valid( $data, $purpose ) ) {
			return array(
				'data'    => $data,
				'error'   => '',
				'again'   => false,
				'unknown' => false,
			);
		}
		if ( 200 === $status ) {
			return self::failure( __( 'Something other than a House rules service answers at this address.', 'house-rules' ), true );
		}
		$detail = is_array( $data ) && isset( $data['detail'] ) && is_string( $data['detail'] ) ? $data['detail'] : '';
		/* translators: %d: HTTP status code. */
		$error = sprintf( __( 'The service answers with the status %d.', 'house-rules' ), $status ) . rtrim( " $detail" );
		if ( $status >= 300 && $status < 400 ) {
			$error = __( 'The address of the service leads to another address. Set that one.', 'house-rules' );
		}
		// The service refuses this comment or decision itself, with a problem that says why.
		$refused = '' !== $detail && in_array( $status, array( 400, 404, 409, 413, 422 ), true );
		return self::failure( $error, ! $refused, 404 === $status && $refused );
	}

	/**
	 * Returns whether an answer has what a caller relies on.
	 *
	 * @param array  $data    The answer.
	 * @param string $purpose The scope that the request needs.
	 * @return bool
	 */
	private static function is_valid( $data, $purpose ) {
		if ( 'decide' === $purpose ) {
			return isset( $data['id'], $data['action'], $data['reasons'] ) && is_string( $data['id'] )
				&& is_array( $data['reasons'] ) && in_array( $data['action'], self::ACTIONS, true );
		}
		$field = array(
			'verdict' => 'history',
			'read'    => 'decisions',
			'erase'   => 'erased',
		);
		return isset( $data[ $field[ $purpose ] ] );
	}

	/**
	 * Returns an answer without data.
	 *
	 * @param string $error   What is wrong, in words.
	 * @param bool   $again   Whether the same request may succeed later.
	 * @param bool   $unknown Whether the service does not know the decision.
	 * @return array As of `request`.
	 */
	private static function failure( $error, $again, $unknown = false ) {
		return array(
			'data'    => null,
			'error'   => $error,
			'again'   => $again,
			'unknown' => $unknown,
		);
	}

	/**
	 * Remembers what is wrong for the notice, or that nothing is. Writes only when that changes.
	 *
	 * @param string $purpose The scope that the request needs.
	 * @param string $error   What is wrong, or ''.
	 */
	private static function remember( $purpose, $error ) {
		$trouble = self::trouble();
		$before  = isset( $trouble[ $purpose ] ) ? $trouble[ $purpose ]['error'] : '';
		if ( $before === $error ) {
			return;
		}
		unset( $trouble[ $purpose ] );
		if ( '' !== $error ) {
			$trouble[ $purpose ] = array(
				'error' => mb_substr( $error, 0, 300 ),
				'since' => time(),
			);
		}
		update_option( self::TROUBLE, $trouble );
	}
}
