<?php
// A must-use plug-in of the tests: no mail, no brake on one reader who comments often, the
// requests that went out, comments by the REST API from everybody, and Akismet's host, which leads
// to our service. Akismet's plug-in takes only keys of 12 characters: ours is put in on the way.

function wp_mail() {
	return true;
}

remove_action( 'check_comment_flood', 'check_comment_flood_db' );

add_filter( 'rest_allow_anonymous_comments', '__return_true' );

add_action(
	'http_api_debug',
	function ( $answer, $context, $transport, $arguments, $url ) {
		file_put_contents( ABSPATH . 'requests.log', $url . "\n", FILE_APPEND );
	},
	10,
	5
);

add_filter(
	'pre_http_request',
	function ( $answer, $arguments, $url ) {
		if ( 'rest.akismet.com' !== wp_parse_url( $url, PHP_URL_HOST ) ) {
			return $answer;
		}
		unset( $arguments['headers']['Host'] );
		$arguments['body'] = str_replace( WPCOM_API_KEY, HOUSE_RULES_KEY, $arguments['body'] );
		return wp_remote_request( HOUSE_RULES_URL . wp_parse_url( $url, PHP_URL_PATH ), $arguments );
	},
	10,
	3
);
