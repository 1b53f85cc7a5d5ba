<?php
/**
 * Builds what the service gets to know about a comment.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The request about a comment.
 */
class House_Rules_Request {
	/**
	 * Returns the request about a comment that is not stored yet.
	 *
	 * @param string $name The comment's id in the service.
	 * @param string $text The text as WordPress will store it.
	 * @param array  $data The comment, with slashes.
	 * @return array
	 */
	public static function of_new( $name, $text, $data ) {
		$mail   = isset( $data['comment_author_email'] ) ? wp_unslash( $data['comment_author_email'] ) : '';
		$parent = isset( $data['comment_parent'] ) ? (int) $data['comment_parent'] : 0;
		return self::build( $name, $text, $mail, (int) $data['comment_post_ID'], $parent, $data );
	}

	/**
	 * Returns the request about a stored comment.
	 *
	 * @param string      $name    The comment's id in the service.
	 * @param WP_Comment  $comment The comment.
	 * @param string|null $text    Another text, if it is being edited.
	 * @return array
	 */
	public static function of_stored( $name, $comment, $text = null ) {
		return self::build(
			$name,
			null === $text ? $comment->comment_content : $text,
			$comment->comment_author_email,
			(int) $comment->comment_post_ID,
			(int) $comment->comment_parent,
			$comment->to_array()
		);
	}

	/**
	 * Returns the reference to an author. It says nothing of the mail address to anyone without the
	 * secret of this site.
	 *
	 * @param string $mail The author's mail address.
	 * @return string|null
	 */
	public static function author( $mail ) {
		$mail = strtolower( trim( $mail ) );
		return '' === $mail ? null : House_Rules_Record::PREFIX . hash_hmac( 'sha256', $mail, House_Rules_Settings::secret() );
	}

	/**
	 * Returns the reference that version 1.0 of the plug-in sent, for erasing.
	 *
	 * @param string $mail The author's mail address.
	 * @return string
	 */
	public static function old_author( $mail ) {
		return House_Rules_Record::PREFIX . hash( 'sha256', strtolower( trim( $mail ) ) );
	}

	/**
	 * Returns the request.
	 *
	 * @param string $name      The comment's id in the service.
	 * @param string $text      The text.
	 * @param string $mail      The author's mail address.
	 * @param int    $post_id   The article.
	 * @param int    $parent_id The comment that it answers, or 0.
	 * @param array  $data      The comment.
	 * @return array
	 */
	private static function build( $name, $text, $mail, $post_id, $parent_id, $data ) {
		$post   = get_post( $post_id );
		$parent = $parent_id ? get_comment( $parent_id ) : null;
		$title  = $post ? html_entity_decode( wp_strip_all_tags( $post->post_title ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ) : '';
		$fields = array(
			'text'    => $text,
			'format'  => 'html',
			'id'      => $name,
			'author'  => self::author( $mail ),
			'article' => '' === $title ? null : $title,
			'parent'  => $parent ? $parent->comment_content : null,
		);
		/**
		 * Filters what the service gets to know about a comment.
		 *
		 * @param array $fields The request of POST /v1/moderate.
		 * @param array $data   The comment.
		 */
		return apply_filters( 'house_rules_request', $fields, $data );
	}
}
