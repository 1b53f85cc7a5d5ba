<?php
/**
 * Does with a stored comment what was decided elsewhere. That is no verdict of this site's moderators.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Outcomes for stored comments.
 */
class House_Rules_Outcome {
	/**
	 * Whether this class is changing a comment.
	 *
	 * @var boolean
	 */
	private static $applying = false;

	/**
	 * Returns whether this class is changing a comment, so that no verdict goes back.
	 *
	 * @return bool
	 */
	public static function is_applying() {
		return self::$applying;
	}

	/**
	 * Applies a late decision, unless a moderator was faster.
	 *
	 * @param WP_Comment $comment The comment.
	 * @param string     $action  What was decided.
	 * @param bool       $publish Whether WordPress itself would have published the comment.
	 */
	public static function late( $comment, $action, $publish ) {
		$status = (string) $comment->comment_approved;
		if ( ! in_array( $status, array( '0', '1' ), true ) || House_Rules_Queue::has( 'verdict', $comment->comment_ID ) ) {
			return;
		}
		if ( 'approve' !== $action || $publish ) {
			self::apply( $comment, $action );
		}
	}

	/**
	 * Approves, holds or rejects a comment.
	 *
	 * @param WP_Comment $comment The comment.
	 * @param string     $action  'approve', 'review' or 'reject'.
	 */
	public static function apply( $comment, $action ) {
		self::$applying = true;
		try {
			if ( 'reject' === $action ) {
				self::reject( $comment );
			} else {
				self::move( $comment, 'approve' === $action ? 'approve' : 'hold' );
			}
		} finally {
			self::$applying = false;
		}
	}

	/**
	 * Approves or holds a comment.
	 *
	 * @param WP_Comment $comment The comment.
	 * @param string     $status  'approve' or 'hold'.
	 */
	private static function move( $comment, $status ) {
		if ( 'trash' === $comment->comment_approved ) {
			wp_untrash_comment( $comment->comment_ID );
		} elseif ( 'spam' === $comment->comment_approved ) {
			wp_unspam_comment( $comment->comment_ID );
		}
		if ( wp_get_comment_status( $comment->comment_ID ) !== ( 'approve' === $status ? 'approved' : 'unapproved' ) ) {
			wp_set_comment_status( $comment->comment_ID, $status );
		}
	}

	/**
	 * Rejects a comment, as set.
	 *
	 * @param WP_Comment $comment The comment.
	 */
	private static function reject( $comment ) {
		if ( in_array( $comment->comment_approved, array( 'trash', 'spam' ), true ) ) {
			return;
		}
		$how = House_Rules_Settings::on_reject();
		if ( 'refuse' === $how ) { // It is too late to refuse it.
			$how = EMPTY_TRASH_DAYS ? 'trash' : House_Rules_Settings::get( 'without_trash' );
		}
		if ( 'hold' === $how ) {
			self::move( $comment, 'hold' );
		} elseif ( 'trash' === $how ) {
			wp_trash_comment( $comment->comment_ID );
		} else {
			wp_delete_comment( $comment->comment_ID, true );
		}
	}
}
