<?php
/**
 * Plugin Name: House rules
 * Description: Asks a House rules service about every comment before it is published.
 * Version: 1.0.0
 * Requires PHP: 7.4
 * License: Apache-2.0
 *
 * In wp-config.php:
 *
 *     define( 'HOUSE_RULES_URL', 'https://moderation.example' );
 *     define( 'HOUSE_RULES_KEY', 'hr-…' );   // scopes decide and verdict
 *     define( 'HOUSE_RULES_TELL', true );    // optional: see below
 *
 * approve: WordPress does what it would have done. review: the comment is held. reject: the comment
 * goes to the trash, where a moderator may restore it; with HOUSE_RULES_TELL, WordPress does not
 * store it and tells the author what to change. Without an answer the comment is held. Your
 * moderators' later actions go back to the service as verdicts, which help to improve it.
 *
 * @package house-rules
 */

const HOUSE_RULES_META = 'house_rules_decision';
const HOUSE_RULES_SECONDS = 3;

add_filter( 'pre_comment_approved', 'house_rules_judge', 20, 2 );
add_action( 'wp_insert_comment', 'house_rules_remember', 10, 2 );
add_action( 'transition_comment_status', 'house_rules_tell_verdict', 10, 3 );

/**
 * Decides on a new comment. The result is never less strict than WordPress's own.
 *
 * @param int|string|WP_Error $approved 1, 0, 'spam', 'trash' or an error.
 * @param array               $data     The comment, with slashes.
 * @return int|string|WP_Error
 */
function house_rules_judge( $approved, $data ) {
	$type = isset( $data['comment_type'] ) ? $data['comment_type'] : '';
	if ( ! in_array( $type, array( '', 'comment' ), true ) || is_wp_error( $approved ) ) {
		house_rules_last( null );
		return $approved;
	}
	if ( ! empty( $data['user_id'] ) && user_can( $data['user_id'], 'moderate_comments' ) ) {
		house_rules_last( null );
		return $approved;
	}
	$decision = house_rules_decide( $data );
	$action   = isset( $decision['action'] ) ? $decision['action'] : 'review';
	if ( 'approve' === $action ) {
		return $approved;
	}
	if ( 'reject' !== $action ) {
		return 1 === (int) $approved ? 0 : $approved;
	}
	if ( defined( 'HOUSE_RULES_TELL' ) && HOUSE_RULES_TELL ) {
		return new WP_Error( 'house_rules', house_rules_explanation( $decision['reasons'] ), 409 );
	}
	return 'spam' === $approved ? 'spam' : 'trash';
}

/**
 * Returns the decision about a comment, or null if there is none.
 *
 * WordPress 6.7 and later run the filter twice for one comment, before and after they filter its
 * text. The second run uses the answer of the first, also if there was none.
 */
function house_rules_decide( $data ) {
	$text  = house_rules_text( $data );
	$place = house_rules_place( $data );
	$last  = house_rules_last();
	$same  = $last && $last['place'] === $place;
	if ( $same && $last['text'] === $text ) {
		return $last['decision'];
	}
	// If a filter returns another text each time, that is a new version of the same comment.
	$name     = $same ? $last['name'] : 'wordpress:' . wp_generate_uuid4();
	$decision = house_rules_ask( '/v1/moderate', house_rules_comment( $name, $text, $data ) );
	house_rules_last( compact( 'place', 'text', 'name', 'decision' ) );
	return $decision;
}

/** Returns the text as WordPress will store and show it, without slashes. */
function house_rules_text( $data ) {
	$text = $data['comment_content'];
	if ( empty( $data['filtered'] ) ) {
		// The REST API passes the text without slashes; WordPress's filters expect them.
		$rest = defined( 'REST_REQUEST' ) && REST_REQUEST && wp_slash( wp_unslash( $text ) ) !== $text;
		/** This filter is documented in wp-includes/comment.php */
		$text = apply_filters( 'pre_comment_content', $rest ? wp_slash( $text ) : $text );
	}
	return wp_unslash( $text );
}

/** Returns where and when a comment was written, which identifies it until it is stored. */
function house_rules_place( $data ) {
	$parent = isset( $data['comment_parent'] ) ? $data['comment_parent'] : 0;
	$date   = isset( $data['comment_date_gmt'] ) ? $data['comment_date_gmt'] : '';
	return implode( ' ', array( (int) $data['comment_post_ID'], (int) $parent, $date ) );
}

/** Returns the comment for the service. WordPress gives it an id only later, so `$name` is its id. */
function house_rules_comment( $name, $text, $data ) {
	$parent = empty( $data['comment_parent'] ) ? null : get_comment( $data['comment_parent'] );
	$mail   = strtolower( trim( wp_unslash( $data['comment_author_email'] ) ) );
	return array(
		'text'    => $text,
		'format'  => 'html',
		'id'      => $name,
		// The hash identifies the author without sending the mail address.
		'author'  => '' === $mail ? null : 'wordpress:' . hash( 'sha256', $mail ),
		'article' => get_the_title( $data['comment_post_ID'] ),
		'parent'  => $parent ? $parent->comment_content : null,
	);
}

/** Returns what to change, in plain words. */
function house_rules_explanation( $reasons ) {
	$lines = array();
	foreach ( $reasons as $reason ) {
		$lines[] = esc_html( $reason['guideline'] . ' ' . $reason['message'] );
	}
	return implode( '<br>', $lines );
}

/** Stores the decision's id with the comment, once WordPress has stored the comment. */
function house_rules_remember( $comment_id, $comment ) {
	$last = house_rules_last();
	if ( ! $last || house_rules_place( (array) $comment ) !== $last['place'] ) {
		return;
	}
	house_rules_last( null ); // The next comment of this request must not inherit the decision.
	if ( isset( $last['decision']['id'] ) ) {
		add_comment_meta( $comment_id, HOUSE_RULES_META, $last['decision']['id'], true );
	}
}

/** Sends a moderator's change of a comment's status as a verdict on the decision. */
function house_rules_tell_verdict( $new_status, $old_status, $comment ) {
	$actions     = array(
		'approved'   => 'approve',
		'unapproved' => 'review',
		'spam'       => 'reject',
		'trash'      => 'reject',
	);
	$decision_id = get_comment_meta( $comment->comment_ID, HOUSE_RULES_META, true );
	if ( ! $decision_id || ! isset( $actions[ $new_status ] ) || $new_status === $old_status ) {
		return;
	}
	if ( current_user_can( 'moderate_comments' ) ) {
		$verdict = array(
			'action' => $actions[ $new_status ],
			'who'    => wp_get_current_user()->user_login,
		);
		house_rules_ask( '/v1/decisions/' . rawurlencode( $decision_id ) . '/verdict', $verdict );
	}
}

/** Returns the service's answer, or null if there is none. */
function house_rules_ask( $path, $body ) {
	if ( ! defined( 'HOUSE_RULES_URL' ) ) {
		return null;
	}
	$headers = array( 'Content-Type' => 'application/json' );
	if ( defined( 'HOUSE_RULES_KEY' ) ) {
		$headers['Authorization'] = 'Bearer ' . HOUSE_RULES_KEY;
	}
	$answer = wp_remote_post(
		rtrim( HOUSE_RULES_URL, '/' ) . $path,
		array(
			'timeout' => HOUSE_RULES_SECONDS,
			'headers' => $headers,
			'body'    => wp_json_encode( $body ),
		)
	);
	if ( is_wp_error( $answer ) || 200 !== (int) wp_remote_retrieve_response_code( $answer ) ) {
		return null;
	}
	return json_decode( wp_remote_retrieve_body( $answer ), true );
}

/** Returns the comment that was decided last and is not stored yet. An argument sets it. */
function house_rules_last( ...$values ) {
	static $last = null;
	if ( $values ) {
		$last = $values[0];
	}
	return $last;
}
