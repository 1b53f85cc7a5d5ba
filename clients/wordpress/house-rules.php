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
 * approve: WordPress goes on as it would have. review: the comment is held. reject: it goes to the
 * trash, where a moderator may take it out; with HOUSE_RULES_TELL it is not kept by WordPress, and
 * its author is told what to change instead. Without an answer the comment is held. What your
 * moderators then do with a comment goes back to the service, which learns from it.
 *
 * @package house-rules
 */

const HOUSE_RULES_META = 'house_rules_decision';
const HOUSE_RULES_SECONDS = 3;

add_filter( 'pre_comment_approved', 'house_rules_judge', 20, 2 );
add_action( 'comment_post', 'house_rules_remember' );
add_action( 'transition_comment_status', 'house_rules_tell_verdict', 10, 3 );

/**
 * What becomes of a new comment: never less strict than what WordPress itself decided.
 *
 * @param int|string|WP_Error $approved 1, 0, 'spam', 'trash' or an error.
 * @param array               $data     The comment, with slashes.
 * @return int|string|WP_Error
 */
function house_rules_judge( $approved, $data ) {
	house_rules_last( null );
	$type = isset( $data['comment_type'] ) ? $data['comment_type'] : '';
	if ( ! in_array( $type, array( '', 'comment' ), true ) || is_wp_error( $approved ) ) {
		return $approved;
	}
	if ( ! empty( $data['user_id'] ) && user_can( $data['user_id'], 'moderate_comments' ) ) {
		return $approved;
	}
	$decision = house_rules_ask( '/v1/moderate', house_rules_comment( $data ) );
	$action   = isset( $decision['action'] ) ? $decision['action'] : 'review';
	house_rules_last( isset( $decision['id'] ) ? $decision['id'] : null );
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

/** The comment as the service takes it. WordPress names it only later, so it gets a name here. */
function house_rules_comment( $data ) {
	$parent = empty( $data['comment_parent'] ) ? null : get_comment( $data['comment_parent'] );
	$mail   = strtolower( trim( wp_unslash( $data['comment_author_email'] ) ) );
	return array(
		'text'    => wp_unslash( $data['comment_content'] ),
		'format'  => 'html',
		'id'      => 'wordpress:' . wp_generate_uuid4(),
		// The same person each time, but no mail address leaves WordPress.
		'author'  => '' === $mail ? null : 'wordpress:' . hash( 'sha256', $mail ),
		'article' => get_the_title( $data['comment_post_ID'] ),
		'parent'  => $parent ? $parent->comment_content : null,
	);
}

/** In plain words, what to change. */
function house_rules_explanation( $reasons ) {
	$said = array();
	foreach ( $reasons as $reason ) {
		$said[] = esc_html( $reason['guideline'] . ' ' . $reason['message'] );
	}
	return implode( '<br>', $said );
}

/** Keep the decision's id with the comment, now that WordPress has stored it. */
function house_rules_remember( $comment_id ) {
	$decision_id = house_rules_last();
	if ( $decision_id ) {
		add_comment_meta( $comment_id, HOUSE_RULES_META, $decision_id, true );
	}
}

/** A person moved a comment: that is a verdict on the decision. */
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

/** The service's answer, or null where there is none. */
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

/** The id of the last decision in this request; with an argument it is set. */
function house_rules_last( ...$given ) {
	static $decision_id = null;
	if ( $given ) {
		$decision_id = $given[0];
	}
	return $decision_id;
}
