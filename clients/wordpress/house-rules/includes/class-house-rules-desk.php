<?php
/**
 * Shows moderators what the service decided, why, and about which words.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The list of comments and the page of one comment in wp-admin.
 */
class House_Rules_Desk {
	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_filter( 'manage_edit-comments_columns', array( __CLASS__, 'columns' ) );
		add_action( 'manage_comments_custom_column', array( __CLASS__, 'column' ), 10, 2 );
		add_filter( 'get_comment_text', array( __CLASS__, 'mark_in_list' ), 10, 2 );
		add_action( 'add_meta_boxes_comment', array( __CLASS__, 'add_box' ) );
	}

	/**
	 * Adds a column after the comment.
	 *
	 * @param string[] $columns The columns' titles by name.
	 * @return string[]
	 */
	public static function columns( $columns ) {
		$title = array( 'house_rules' => __( 'House rules', 'house-rules' ) );
		$place = array_search( 'comment', array_keys( $columns ), true );
		$place = false === $place ? count( $columns ) : $place + 1;
		return array_slice( $columns, 0, $place, true ) + $title + array_slice( $columns, $place, null, true );
	}

	/**
	 * Shows the decision in the column.
	 *
	 * @param string $column     The column.
	 * @param int    $comment_id The comment.
	 */
	public static function column( $column, $comment_id ) {
		if ( 'house_rules' === $column && current_user_can( 'edit_comment', $comment_id ) ) {
			self::show( get_comment( $comment_id ) );
		}
	}

	/**
	 * Marks words in the list of comments.
	 *
	 * @param string     $text    The comment.
	 * @param WP_Comment $comment The comment.
	 * @return string
	 */
	public static function mark_in_list( $text, $comment ) {
		$screen = is_admin() && function_exists( 'get_current_screen' ) ? get_current_screen() : null;
		if ( ! $screen || 'edit-comments' !== $screen->id || ! current_user_can( 'edit_comment', $comment->comment_ID ) ) {
			return $text;
		}
		$record = House_Rules_Record::get( $comment->comment_ID );
		if ( ! $record || ! House_Rules_Record::is_current( $record, $comment ) || $text !== $comment->comment_content ) {
			return $text;
		}
		return self::mark( $text, self::spans( $record ) );
	}

	/**
	 * Adds a box to the page of a comment.
	 *
	 * @param WP_Comment $comment The comment.
	 */
	public static function add_box( $comment ) {
		if ( House_Rules_Record::get( $comment->comment_ID ) ) {
			add_meta_box( 'house_rules', __( 'House rules', 'house-rules' ), array( __CLASS__, 'box' ), 'comment', 'normal' );
		}
	}

	/**
	 * Shows the decision and the text with marked words.
	 *
	 * @param WP_Comment $comment The comment.
	 */
	public static function box( $comment ) {
		$comment = get_comment( $comment->comment_ID ); // The page's own is prepared for its form.
		self::show( $comment );
		$record = House_Rules_Record::get( $comment->comment_ID );
		if ( $record && House_Rules_Record::is_current( $record, $comment ) && self::spans( $record ) ) {
			$marked = self::mark( $comment->comment_content, self::spans( $record ) );
			echo '<blockquote>' . wp_kses( wpautop( $marked ), array( 'mark' => array() ) + wp_kses_allowed_html( 'data' ) + array( 'p' => array() ) ) . '</blockquote>';
		}
	}

	/**
	 * Shows the decision and its reasons.
	 *
	 * @param WP_Comment $comment The comment.
	 */
	private static function show( $comment ) {
		$record = House_Rules_Record::get( $comment->comment_ID );
		if ( ! $record ) {
			echo '<span aria-hidden="true">—</span><span class="screen-reader-text">' . esc_html__( 'The service was not asked.', 'house-rules' ) . '</span>';
			return;
		}
		if ( '' !== $record['waiting'] ) {
			echo '<p><strong>' . esc_html__( 'No decision', 'house-rules' ) . '</strong></p><p>' . esc_html( $record['waiting'] ) . '</p>';
			if ( $record['again'] ) {
				echo '<p><em>' . esc_html__( 'The service will be asked again.', 'house-rules' ) . '</em></p>';
			}
			return;
		}
		$titles = array(
			'approve' => __( 'Approved', 'house-rules' ),
			'review'  => __( 'For a person to decide', 'house-rules' ),
			'reject'  => __( 'Rejected', 'house-rules' ),
		);
		if ( isset( $titles[ $record['action'] ] ) ) {
			echo '<p><strong>' . esc_html( $titles[ $record['action'] ] ) . '</strong></p>';
		}
		if ( ! House_Rules_Record::is_current( $record, $comment ) ) {
			echo '<p><em>' . esc_html__( 'The text was edited since. The service will be asked again.', 'house-rules' ) . '</em></p>';
		}
		foreach ( $record['reasons'] as $reason ) {
			echo '<p>' . esc_html( $reason['message'] ) . '<br><em>' . esc_html( $reason['guideline'] ) . '</em></p>';
		}
	}

	/**
	 * Returns the places of all reasons.
	 *
	 * @param array $record What is kept about the comment.
	 * @return array
	 */
	private static function spans( $record ) {
		$places = array_column( $record['reasons'], 'spans' );
		return $places ? array_merge( ...$places ) : array();
	}

	/**
	 * Returns a comment's HTML with `<mark>` around words. What is in a tag stays as it is.
	 *
	 * @param string $html  The comment.
	 * @param array  $spans Start and end of each place, in code points.
	 * @return string
	 */
	public static function mark( $html, $spans ) {
		$points = preg_split( '//u', $html, -1, PREG_SPLIT_NO_EMPTY );
		if ( ! $points ) {
			return $html;
		}
		$marked = array();
		$length = count( $points );
		foreach ( $spans as $span ) {
			$end = min( $span[1], $length );
			for ( $place = max( 0, $span[0] ); $place < $end; $place++ ) {
				$marked[ $place ] = true;
			}
		}
		$result = '';
		$open   = false;
		$tag    = false;
		foreach ( $points as $place => $point ) {
			$tag  = $tag || '<' === $point;
			$mark = isset( $marked[ $place ] ) && ! $tag;
			if ( $mark !== $open ) {
				$result .= $mark ? '<mark>' : '</mark>';
				$open    = $mark;
			}
			$result .= $point;
			$tag     = $tag && '>' !== $point;
		}
		return $open ? "$result</mark>" : $result;
	}
}
