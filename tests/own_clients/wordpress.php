<?php
// Stand-ins for the WordPress functions that the plug-in calls. The script sends a comment through
// the plug-in's hooks. Its first argument is the scenario in JSON.

$scenario = json_decode( $argv[1], true );
foreach ( $scenario['constants'] as $name => $value ) {
	define( $name, $value );
}

class WP_Error {
	public function __construct( public $code, public $message, public $data = null ) {}
}

$hooks = array();
$meta  = array();
$sent  = array();

function add_filter( $hook, $call, $priority = 10, $arguments = 1 ) {
	$GLOBALS['hooks'][ $hook ] = array( $call, $arguments );
}
function add_action( ...$all ) {
	add_filter( ...$all );
}
function run( $hook, ...$arguments ) {
	list( $call, $count ) = $GLOBALS['hooks'][ $hook ];
	return $call( ...array_slice( $arguments, 0, $count ) );
}
function is_wp_error( $value ) {
	return $value instanceof WP_Error;
}
function wp_unslash( $value ) {
	return stripslashes( $value );
}
function wp_slash( $value ) {
	return addslashes( $value );
}
function apply_filters( $hook, $value ) {
	return $value;
}
function wp_generate_uuid4() {
	return bin2hex( random_bytes( 16 ) );
}
function wp_json_encode( $value ) {
	return json_encode( $value );
}
function esc_html( $value ) {
	return htmlspecialchars( $value, ENT_QUOTES );
}
function get_the_title( $post ) {
	return 'The new bridge';
}
function get_comment( $id ) {
	return (object) array( 'comment_content' => 'The bridge is late.' );
}
function user_can( $user, $what ) {
	return 7 === $user;
}
function current_user_can( $what ) {
	return true;
}
function wp_get_current_user() {
	return (object) array( 'user_login' => 'asha' );
}
function add_comment_meta( $id, $key, $value, $unique ) {
	$GLOBALS['meta'][ $id ][ $key ] = $value;
}
function get_comment_meta( $id, $key, $single ) {
	return $GLOBALS['meta'][ $id ][ $key ] ?? '';
}
function wp_remote_post( $url, $arguments ) {
	$GLOBALS['sent'][] = json_decode( $arguments['body'], true );
	$lines             = array();
	foreach ( $arguments['headers'] as $name => $value ) {
		$lines[] = "$name: $value";
	}
	$http = array(
		'method'        => 'POST',
		'header'        => $lines,
		'content'       => $arguments['body'],
		'timeout'       => $arguments['timeout'],
		'ignore_errors' => true,
	);
	$body = @file_get_contents( $url, false, stream_context_create( array( 'http' => $http ) ) );
	if ( false === $body ) {
		return new WP_Error( 'http_request_failed', 'no answer' );
	}
	return array(
		'body' => $body,
		'code' => (int) explode( ' ', $http_response_header[0] )[1],
	);
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['code'];
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'];
}

require $scenario['plugin'];

$data     = $scenario['comment'] + array(
	'comment_post_ID'      => 1,
	'comment_author_email' => 'Ravi@Example.com',
	'comment_parent'       => 0,
	'comment_date_gmt'     => '2026-11-30 20:00:00',
	'comment_type'         => 'comment',
	'user_id'              => 0,
);
for ( $call = 0; $call < $scenario['calls']; $call++ ) {
	$approved = run( 'pre_comment_approved', $scenario['approved'], array( 'filtered' => $call > 0 ) + $data );
}
if ( ! is_wp_error( $approved ) ) {
	run( 'wp_insert_comment', 42, (object) $data );
	foreach ( $scenario['moved'] as $status ) {
		run( 'transition_comment_status', $status, 'unapproved', (object) array( 'comment_ID' => 42 ) );
	}
}
echo json_encode( array( 'approved' => $approved, 'meta' => $meta, 'sent' => $sent ) );
