<?php
/**
 * Asks the service about a new comment before WordPress stores it.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * New comments.
 */
class House_Rules_Gate {
	const SECONDS = 3; // How long a reader waits at most.

	/**
	 * The comment that was decided last in this request and is not stored yet.
	 *
	 * @var array|null
	 */
	private static $last = null;

	/**
	 * The text of the comment that the REST API is about to check. It has no slashes.
	 *
	 * @var string|null
	 */
	private static $rest_text = null;

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_filter( 'rest_preprocess_comment', array( __CLASS__, 'note_rest' ), 99 );
		add_filter( 'pre_comment_approved', array( __CLASS__, 'judge' ), 20, 2 );
		add_action( 'wp_insert_comment', array( __CLASS__, 'remember' ), 10, 2 );
	}

	/**
	 * Notes the text of a comment of the REST API.
	 *
	 * @param array|WP_Error $prepared The comment.
	 * @return array|WP_Error
	 */
	public static function note_rest( $prepared ) {
		self::$rest_text = is_array( $prepared ) && isset( $prepared['comment_content'] ) ? $prepared['comment_content'] : null;
		return $prepared;
	}

	/**
	 * Decides on a new comment. The result is never less strict than WordPress's own.
	 *
	 * @param int|string|WP_Error $approved 1, 0, 'spam', 'trash' or an error.
	 * @param array               $data     The comment, with slashes unless it is of the REST API.
	 * @return int|string|WP_Error
	 */
	public static function judge( $approved, $data ) {
		$rest = null !== self::$rest_text && empty( $data['filtered'] ) && self::$rest_text === $data['comment_content'];
		if ( is_wp_error( $approved ) || ! self::is_asked( $data ) ) {
			self::$last = null;
			return $approved;
		}
		$answer = self::decide( $data, $rest );
		$action = $answer['data'] ? $answer['data']['action'] : 'review';

		self::$last['before'] = $approved;
		if ( 'approve' === $action ) {
			return $approved;
		}
		if ( 'review' === $action ) {
			return 1 === (int) $approved ? 0 : $approved;
		}
		switch ( House_Rules_Settings::on_reject() ) {
			case 'trash':
				return 'spam' === $approved ? 'spam' : 'trash';
			case 'hold':
				return 1 === (int) $approved ? 0 : $approved;
		}
		self::$last = null; // It is not stored.
		return self::refusal( $answer['data']['reasons'], $rest );
	}

	/**
	 * Returns whether the service is asked about a comment.
	 *
	 * @param array $data The comment.
	 * @return bool
	 */
	public static function is_asked( $data ) {
		$type  = empty( $data['comment_type'] ) ? 'comment' : $data['comment_type'];
		$asked = ! in_array( $type, House_Rules_Settings::get( 'skip_types' ), true )
			&& ( empty( $data['user_id'] ) || ! user_can( $data['user_id'], 'moderate_comments' ) );
		/**
		 * Filters whether the service is asked about a comment.
		 *
		 * @param bool  $asked False for moderators, and for the types in the settings.
		 * @param array $data  The comment.
		 */
		return (bool) apply_filters( 'house_rules_is_asked', $asked, $data );
	}

	/**
	 * Keeps the decision with the comment, now that WordPress has stored it.
	 *
	 * @param int        $comment_id The comment's id.
	 * @param WP_Comment $comment    The comment.
	 */
	public static function remember( $comment_id, $comment ) {
		$last = self::$last;
		if ( ! $last || self::place( (array) $comment ) !== $last['place'] ) {
			return;
		}
		self::$last = null; // The next comment of this request must not inherit the decision.
		House_Rules_Record::name( $comment_id, $last['name'] );
		$answer = $last['answer'];
		if ( $answer['data'] ) {
			House_Rules_Record::decided( $comment_id, $answer['data'], $last['text'] );
		} else {
			House_Rules_Record::waiting( $comment_id, $answer );
		}
		if ( $answer['again'] || $last['text'] !== $comment->comment_content ) {
			House_Rules_Queue::add( 'decide', $comment_id, array( 'publish' => 1 === (int) $last['before'] ) );
		}
		if ( 'trash' === $comment->comment_approved ) {
			// As WordPress itself does, so that the trash is emptied and a moderator can restore it.
			add_comment_meta( $comment_id, '_wp_trash_meta_status', '0', true );
			add_comment_meta( $comment_id, '_wp_trash_meta_time', time(), true );
		}
	}

	/**
	 * Returns the service's answer about a comment.
	 *
	 * WordPress 6.7 and later run the filter twice for one comment, before and after they filter its
	 * text. The second run uses the answer of the first, also if there was none.
	 *
	 * @param array $data The comment.
	 * @param bool  $rest Whether it has no slashes.
	 * @return array
	 */
	private static function decide( $data, $rest ) {
		$text  = self::text( $data, $rest );
		$place = self::place( $data );
		$same  = self::$last && self::$last['place'] === $place;
		if ( $same && self::$last['text'] === $text ) {
			return self::$last['answer'];
		}
		// If a filter returns another text each time, that is a new revision of the same comment.
		$name   = $same ? self::$last['name'] : House_Rules_Record::new_name();
		$answer = House_Rules_Service::decide( House_Rules_Request::of_new( $name, $text, $data ), self::SECONDS );

		self::$last = compact( 'place', 'text', 'name', 'answer' );
		return $answer;
	}

	/**
	 * Returns the text as WordPress will store it, without slashes.
	 *
	 * @param array $data The comment.
	 * @param bool  $rest Whether it has no slashes.
	 * @return string
	 */
	private static function text( $data, $rest ) {
		$text = $data['comment_content'];
		if ( empty( $data['filtered'] ) ) {
			/** This filter is documented in wp-includes/comment.php */
			$text = apply_filters( 'pre_comment_content', $rest ? wp_slash( $text ) : $text );
		}
		return wp_unslash( $text );
	}

	/**
	 * Returns where and when a comment was written, which identifies it until it is stored.
	 *
	 * @param array $data The comment.
	 * @return string
	 */
	private static function place( $data ) {
		$parent = isset( $data['comment_parent'] ) ? $data['comment_parent'] : 0;
		$date   = isset( $data['comment_date_gmt'] ) ? $data['comment_date_gmt'] : '';
		return implode( ' ', array( (int) $data['comment_post_ID'], (int) $parent, $date ) );
	}

	/**
	 * Returns the error that tells an author what to change. The comment is not stored.
	 *
	 * @param array $reasons The reasons of the decision.
	 * @param bool  $rest    Whether the REST API gets the error; it expects the status in an array.
	 * @return WP_Error
	 */
	private static function refusal( $reasons, $rest ) {
		$lines = array();
		foreach ( $reasons as $reason ) {
			$lines[] = esc_html( trim( "{$reason['guideline']} {$reason['message']}" ) );
		}
		/**
		 * Filters what an author is told about a comment that is refused. It is HTML.
		 *
		 * @param string $message One line for each reason.
		 * @param array  $reasons The reasons of the decision.
		 */
		$message = apply_filters( 'house_rules_refusal', implode( '<br>', $lines ), $reasons );
		if ( ! $rest ) {
			return new WP_Error( 'house_rules', $message, 409 );
		}
		$plain = html_entity_decode( wp_strip_all_tags( str_replace( '<br>', "\n", $message ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		return new WP_Error( 'house_rules', $plain, array( 'status' => 409 ) );
	}
}
