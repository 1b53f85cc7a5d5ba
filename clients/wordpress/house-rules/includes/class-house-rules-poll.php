<?php
/**
 * Asks for verdicts that were given elsewhere, for sites that webhooks cannot reach.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The poll.
 */
class House_Rules_Poll {
	const PLACE   = 'house_rules_poll'; // The option that says how far it came.
	const OVERLAP = 60;                 // Seconds: changes may appear late in the list.
	const PAGES   = 20;                 // The most for one run.

	/**
	 * Reads what has changed since the last poll.
	 */
	public static function run() {
		if ( ! House_Rules_Settings::get( 'poll' ) || '' === House_Rules_Settings::get( 'url' ) ) {
			return;
		}
		$place = get_option( self::PLACE );
		if ( ! is_array( $place ) ) {
			$place = array(
				'since'  => gmdate( 'Y-m-d\TH:i:s\Z', time() - HOUR_IN_SECONDS ),
				'newest' => '',
				'cursor' => null,
			);
		}
		for ( $page = 0; $page < self::PAGES; $page++ ) {
			$place = self::page( $place );
			if ( ! $place ) {
				return;
			}
			update_option( self::PLACE, $place, false );
			if ( null === $place['cursor'] ) {
				return;
			}
		}
	}

	/**
	 * Reads a page.
	 *
	 * @param array $place `since` and `cursor` of this page, and the `newest` change so far.
	 * @return array|null The place of the next page, or null without an answer.
	 */
	private static function page( $place ) {
		$query = array(
			'changed_since' => $place['since'],
			'limit'         => 100,
		);
		if ( null !== $place['cursor'] ) {
			$query['cursor'] = $place['cursor'];
		}
		$answer = House_Rules_Service::request( 'read', 'GET', '/v1/decisions?' . http_build_query( $query ) );
		if ( ! $answer['data'] ) {
			if ( ! $answer['again'] ) { // The service does not know this cursor.
				update_option( self::PLACE, array( 'cursor' => null ) + $place, false );
			}
			return null;
		}
		$decisions = $answer['data']['decisions'];
		House_Rules_Incoming::take( $decisions );
		$last = end( $decisions );
		if ( $last ) {
			$place['newest'] = $last['changed_at'];
		}
		$place['cursor'] = isset( $answer['data']['next'] ) ? $answer['data']['next'] : null;
		if ( null === $place['cursor'] && '' !== $place['newest'] ) {
			$place['since'] = gmdate( 'Y-m-d\TH:i:s\Z', strtotime( $place['newest'] ) - self::OVERLAP );
		}
		return $place;
	}
}
