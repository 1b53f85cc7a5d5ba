<?php
/**
 * What the plug-in keeps with a comment, as comment meta.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The decision about a comment, and what belongs to it.
 */
class House_Rules_Record {
	const DECISION = 'house_rules_decision'; // The decision's id.
	const NAME     = '_house_rules_id';      // The comment's id in the service.
	const STATE    = '_house_rules';         // Everything else, as an array.
	const PREFIX   = 'wordpress:';           // phpcs:ignore WordPress.WP.CapitalPDangit -- Of ids and authors in the service.

	/**
	 * Returns what is kept about a comment, or null if it was never sent to the service.
	 *
	 * @param int $comment_id The comment.
	 * @return array|null `name`, `decision` (an id or ''), `text` (a hash), `action`, `reasons`,
	 *                    `revision`, `verdict_at`, `waiting` (why there is no decision), `again`
	 *                    (whether the service will be asked again).
	 */
	public static function get( $comment_id ) {
		$name = (string) get_comment_meta( $comment_id, self::NAME, true );
		if ( '' === $name ) {
			return null;
		}
		$state = get_comment_meta( $comment_id, self::STATE, true );
		return array(
			'name'     => $name,
			'decision' => (string) get_comment_meta( $comment_id, self::DECISION, true ),
		) + ( is_array( $state ) ? $state : array() ) + array(
			'text'       => '',
			'action'     => '',
			'reasons'    => array(),
			'revision'   => 0,
			'verdict_at' => '',
			'waiting'    => '',
			'again'      => false,
		);
	}

	/**
	 * Returns an id for a comment in the service, since WordPress gives it an id only later.
	 *
	 * @return string
	 */
	public static function new_name() {
		return self::PREFIX . wp_generate_uuid4();
	}

	/**
	 * Keeps a comment's id in the service.
	 *
	 * @param int    $comment_id The comment.
	 * @param string $name       Its id in the service.
	 */
	public static function name( $comment_id, $name ) {
		add_comment_meta( $comment_id, self::NAME, $name, true );
	}

	/**
	 * Keeps a decision and the hash of the text that it is about.
	 *
	 * @param int    $comment_id The comment.
	 * @param array  $decision   The decision.
	 * @param string $text       The text.
	 */
	public static function decided( $comment_id, $decision, $text ) {
		$reasons = array();
		foreach ( $decision['reasons'] as $reason ) {
			$reasons[] = array(
				'guideline' => isset( $reason['guideline'] ) ? (string) $reason['guideline'] : '',
				'message'   => isset( $reason['message'] ) ? (string) $reason['message'] : '',
				'spans'     => self::spans( isset( $reason['spans'] ) ? (array) $reason['spans'] : array() ),
			);
		}
		update_comment_meta( $comment_id, self::DECISION, $decision['id'] );
		self::update(
			$comment_id,
			array(
				'text'       => self::hash( $text ),
				'action'     => $decision['action'],
				'reasons'    => $reasons,
				'revision'   => isset( $decision['revision'] ) ? (int) $decision['revision'] : 0,
				'verdict_at' => '',
				'waiting'    => '',
			)
		);
	}

	/**
	 * Keeps why there is no decision.
	 *
	 * @param int   $comment_id The comment.
	 * @param array $answer     The service's answer.
	 */
	public static function waiting( $comment_id, $answer ) {
		self::update(
			$comment_id,
			array(
				'waiting' => $answer['error'],
				'again'   => $answer['again'],
			)
		);
	}

	/**
	 * Changes some of what is kept.
	 *
	 * @param int   $comment_id The comment.
	 * @param array $changes    New values by name.
	 */
	public static function update( $comment_id, $changes ) {
		$state = get_comment_meta( $comment_id, self::STATE, true );
		$state = $changes + ( is_array( $state ) ? $state : array() );
		update_comment_meta( $comment_id, self::STATE, wp_slash( $state ) );
	}

	/**
	 * Returns whether the decision is about the comment's present text.
	 *
	 * @param array      $record  What is kept.
	 * @param WP_Comment $comment The comment.
	 * @return bool
	 */
	public static function is_current( $record, $comment ) {
		return '' !== $record['decision'] && self::hash( $comment->comment_content ) === $record['text'];
	}

	/**
	 * Returns the hash of a text.
	 *
	 * @param string $text The text.
	 * @return string
	 */
	public static function hash( $text ) {
		return hash( 'sha256', $text );
	}

	/**
	 * Removes what quotes or explains a comment, for privacy.
	 *
	 * @param int $comment_id The comment.
	 */
	public static function erase( $comment_id ) {
		foreach ( array( self::DECISION, self::NAME, self::STATE ) as $key ) {
			delete_comment_meta( $comment_id, $key );
		}
	}

	/**
	 * Returns the places of a reason in the text: start and end in code points.
	 *
	 * @param array $spans As of the service.
	 * @return array
	 */
	private static function spans( $spans ) {
		$places = array();
		foreach ( $spans as $span ) {
			if ( isset( $span['start'], $span['end'] ) ) {
				$places[] = array( (int) $span['start'], (int) $span['end'] );
			}
		}
		return $places;
	}
}
