<?php
/**
 * What moderators do with a comment is a verdict on the decision about its text.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Moderators' verdicts. They are sent by cron, so that no moderator waits.
 */
class House_Rules_Verdicts {
	const ACTIONS = array(
		'approved'   => 'approve',
		'unapproved' => 'review',
		'spam'       => 'reject',
		'trash'      => 'reject',
	);

	/**
	 * Whether an article is being deleted with all its comments.
	 *
	 * @var boolean
	 */
	private static $article_goes = false;

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_action( 'transition_comment_status', array( __CLASS__, 'moved' ), 10, 3 );
		add_action( 'delete_comment', array( __CLASS__, 'deleted' ), 10, 2 );
		add_action( 'before_delete_post', array( __CLASS__, 'article_goes' ) );
		add_action( 'deleted_post', array( __CLASS__, 'article_gone' ) );
	}

	/**
	 * Returns whether the present user moderates a comment, such as an author under an own article.
	 *
	 * @param int $comment_id The comment.
	 * @return bool
	 */
	public static function may_moderate( $comment_id ) {
		return current_user_can( 'edit_comment', $comment_id );
	}

	/**
	 * A comment was approved, held, or moved to spam or trash.
	 *
	 * @param string     $new_status The new status.
	 * @param string     $old_status The old one.
	 * @param WP_Comment $comment    The comment.
	 */
	public static function moved( $new_status, $old_status, $comment ) {
		if ( isset( self::ACTIONS[ $new_status ] ) && $new_status !== $old_status && self::may_moderate( $comment->comment_ID ) ) {
			self::give( $comment, self::ACTIONS[ $new_status ] );
		}
	}

	/**
	 * A comment is being deleted for good. Without a trash, that is how moderators reject.
	 *
	 * @param int        $comment_id The comment's id.
	 * @param WP_Comment $comment    The comment.
	 */
	public static function deleted( $comment_id, $comment ) {
		$rejected = in_array( $comment->comment_approved, array( 'trash', 'spam' ), true );
		if ( ! $rejected && ! self::$article_goes && self::may_moderate( $comment_id ) ) {
			self::give( $comment, 'reject' );
		}
	}

	/**
	 * An article is being deleted. That is no verdict on its comments.
	 */
	public static function article_goes() {
		self::$article_goes = true;
	}

	/**
	 * An article was deleted.
	 */
	public static function article_gone() {
		self::$article_goes = false;
	}

	/**
	 * Has a verdict on a comment's present text sent.
	 *
	 * @param WP_Comment $comment The comment.
	 * @param string     $action  'approve', 'review' or 'reject'.
	 */
	public static function give( $comment, $action ) {
		$record = House_Rules_Record::get( $comment->comment_ID );
		if ( ! $record || House_Rules_Outcome::is_applying() ) {
			return;
		}
		House_Rules_Queue::add(
			'verdict',
			(int) $comment->comment_ID,
			array(
				'action'   => $action,
				'who'      => wp_get_current_user()->user_login,
				// Without a decision about this text, the service is asked first.
				'decision' => House_Rules_Record::is_current( $record, $comment ) ? $record['decision'] : '',
				'text'     => House_Rules_Record::hash( $comment->comment_content ),
			)
		);
	}
}
