<?php
/**
 * An edited text is a new revision of the comment. It is decided again.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Edits.
 */
class House_Rules_Edits {
	/**
	 * The service's answer about an edit that is being saved: `comment_id`, `text`, `answer` and
	 * `publish`.
	 *
	 * @var array|null
	 */
	private static $edit = null;

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_filter( 'wp_update_comment_data', array( __CLASS__, 'judge' ), 20, 2 );
		add_action( 'edit_comment', array( __CLASS__, 'remember' ) );
	}

	/**
	 * Decides on an author's edit before it is saved. If it is not approved, the comment is held.
	 *
	 * Moderators' edits are saved as they are. The service decides about them later, so that the
	 * moderator's verdict belongs to the new text.
	 *
	 * @param array|WP_Error $data The new comment, without slashes.
	 * @param array          $old  The old one.
	 * @return array|WP_Error
	 */
	public static function judge( $data, $old ) {
		self::$edit = null;
		if ( is_wp_error( $data ) || ! isset( $data['comment_content'] ) || $data['comment_content'] === $old['comment_content'] ) {
			return $data;
		}
		$comment_id = (int) $old['comment_ID'];
		if ( House_Rules_Verdicts::may_moderate( $comment_id ) || ! House_Rules_Gate::is_asked( $old ) ) {
			return $data;
		}
		$record = House_Rules_Record::get( $comment_id );
		$name   = $record ? $record['name'] : House_Rules_Record::new_name();
		House_Rules_Record::name( $comment_id, $name );
		$text       = $data['comment_content'];
		$fields     = House_Rules_Request::of_stored( $name, get_comment( $comment_id ), $text );
		$answer     = House_Rules_Service::decide( $fields, House_Rules_Gate::SECONDS );
		$publish    = 1 === (int) $old['comment_approved'];
		self::$edit = compact( 'comment_id', 'text', 'answer', 'publish' );
		if ( $publish && ( ! $answer['data'] || 'approve' !== $answer['data']['action'] ) ) {
			$data['comment_approved'] = '0';
		}
		return $data;
	}

	/**
	 * Keeps the decision about an edit, or has the service asked.
	 *
	 * @param int $comment_id The comment.
	 */
	public static function remember( $comment_id ) {
		$comment    = get_comment( $comment_id );
		$edit       = self::$edit;
		self::$edit = null;
		if ( $edit && (int) $comment_id === $edit['comment_id'] && $edit['text'] === $comment->comment_content ) {
			if ( $edit['answer']['data'] ) {
				House_Rules_Record::decided( $comment_id, $edit['answer']['data'], $edit['text'] );
				return;
			}
			House_Rules_Record::waiting( $comment_id, $edit['answer'] );
			House_Rules_Queue::add( 'decide', $comment_id, array( 'publish' => $edit['publish'] ) );
			return;
		}
		$record = House_Rules_Record::get( $comment_id );
		if ( ! $record || House_Rules_Record::is_current( $record, $comment ) ) {
			return;
		}
		House_Rules_Queue::add( 'decide', $comment_id, array( 'no_effect' => true ) );
		if ( '1' === $comment->comment_approved && House_Rules_Queue::has( 'verdict', $comment_id ) ) {
			House_Rules_Verdicts::give( $comment, 'approve' ); // A second edit after "approve".
		}
	}
}
