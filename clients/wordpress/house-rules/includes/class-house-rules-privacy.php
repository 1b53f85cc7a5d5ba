<?php
/**
 * Personal data: the text for the privacy policy, the export and the erasure.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The hooks for WordPress's tools for personal data.
 */
class House_Rules_Privacy {
	const PAGE = 100; // Comments for one request.

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_action( 'admin_init', array( __CLASS__, 'suggest_policy' ) );
		add_filter( 'wp_privacy_personal_data_exporters', array( __CLASS__, 'add_exporter' ) );
		// Before WordPress's own eraser, after which no comment has the mail address.
		add_filter( 'wp_privacy_personal_data_erasers', array( __CLASS__, 'add_eraser' ), 1 );
	}

	/**
	 * Suggests a text for the privacy policy.
	 */
	public static function suggest_policy() {
		$text = __( 'Before your comment is published, a program that we run ourselves checks it against our house rules. It gets the text, the title of the article, the comment that you answer, and a code that stands for you but does not reveal your mail address. It keeps them with its decision. A person can always overrule it.', 'house-rules' );
		wp_add_privacy_policy_content( __( 'House rules', 'house-rules' ), '<p class="privacy-policy-tutorial">' . esc_html__( 'Change this if somebody else runs the service for you, and say how long it keeps the texts.', 'house-rules' ) . '</p><p>' . esc_html( $text ) . '</p>' );
	}

	/**
	 * Adds our exporter.
	 *
	 * @param array $exporters All exporters.
	 * @return array
	 */
	public static function add_exporter( $exporters ) {
		$exporters['house-rules'] = array(
			'exporter_friendly_name' => __( 'House rules', 'house-rules' ),
			'callback'               => array( __CLASS__, 'export' ),
		);
		return $exporters;
	}

	/**
	 * Adds our eraser, as the first.
	 *
	 * @param array $erasers All erasers.
	 * @return array
	 */
	public static function add_eraser( $erasers ) {
		$ours = array(
			'eraser_friendly_name' => __( 'House rules', 'house-rules' ),
			'callback'             => array( __CLASS__, 'erase' ),
		);
		return array( 'house-rules' => $ours ) + $erasers;
	}

	/**
	 * Exports the decisions about an author's comments.
	 *
	 * @param string $mail The author's mail address.
	 * @param int    $page The page, from 1.
	 * @return array
	 */
	public static function export( $mail, $page = 1 ) {
		$data     = array();
		$comments = self::comments( $mail, $page );
		foreach ( $comments as $comment ) {
			$record = House_Rules_Record::get( $comment->comment_ID );
			if ( ! $record ) {
				continue;
			}
			$values = array(
				__( 'Comment', 'house-rules' )            => $comment->comment_ID,
				__( 'Reference to you', 'house-rules' )   => House_Rules_Request::author( $mail ),
				__( 'Id of the decision', 'house-rules' ) => $record['decision'],
				__( 'Decision', 'house-rules' )           => $record['action'],
				__( 'Reasons', 'house-rules' )            => implode( ' ', array_column( $record['reasons'], 'message' ) ),
			);
			$items  = array();
			foreach ( $values as $name => $value ) {
				$items[] = compact( 'name', 'value' );
			}
			$data[] = array(
				'group_id'    => 'house-rules',
				'group_label' => __( 'House rules: decisions about comments', 'house-rules' ),
				'item_id'     => "house-rules-{$comment->comment_ID}",
				'data'        => $items,
			);
		}
		return array(
			'data' => $data,
			'done' => count( $comments ) < self::PAGE,
		);
	}

	/**
	 * Has the service erase an author, and removes what is kept with the comments.
	 *
	 * @param string $mail The author's mail address.
	 * @param int    $page The page, from 1.
	 * @return array
	 */
	public static function erase( $mail, $page = 1 ) {
		$comments = self::comments( $mail, $page );
		foreach ( $comments as $comment ) {
			House_Rules_Queue::forget( $comment->comment_ID );
			House_Rules_Record::erase( $comment->comment_ID );
		}
		$done     = count( $comments ) < self::PAGE;
		$messages = array();
		if ( $done ) {
			// Comments may be on their way, so these messages come after them in the queue.
			House_Rules_Queue::add( 'erase', 0, array( 'author' => House_Rules_Request::author( $mail ) ) );
			House_Rules_Queue::add( 'erase', 0, array( 'author' => House_Rules_Request::old_author( $mail ) ) );
			House_Rules_Worker::run();
			if ( House_Rules_Queue::has( 'erase', 0 ) ) {
				$messages[] = __( 'House rules: the service has not erased the comments yet. It will be asked until it has.', 'house-rules' );
			}
		}
		return array(
			'items_removed'  => (bool) $comments,
			'items_retained' => (bool) $messages,
			'messages'       => $messages,
			'done'           => $done,
		);
	}

	/**
	 * Returns some of an author's comments.
	 *
	 * @param string $mail The author's mail address.
	 * @param int    $page The page, from 1.
	 * @return WP_Comment[]
	 */
	private static function comments( $mail, $page ) {
		return get_comments(
			array(
				'author_email'              => $mail,
				'status'                    => array( 'approve', 'hold', 'spam', 'trash' ),
				'type'                      => '',
				'number'                    => self::PAGE,
				'paged'                     => $page,
				'orderby'                   => 'comment_ID',
				'order'                     => 'ASC',
				'include_unapproved'        => array( $mail ),
				'update_comment_post_cache' => false,
			)
		);
	}
}
