<?php
/**
 * What still has to be sent to the service. A table of its own, so that nothing gets lost when two
 * requests add to it at the same time.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- The table is our own, its name is fixed, and a queue must not be cached.

/**
 * The queue. A job is an array with `id`, `kind`, `comment_id`, `data` and `tries`.
 */
class House_Rules_Queue {
	const LEASE = 120; // Seconds after which another run takes the job of a run that died.

	/**
	 * Returns the name of the table.
	 *
	 * @return string
	 */
	private static function table() {
		global $wpdb;
		return $wpdb->prefix . 'house_rules_queue';
	}

	/**
	 * Creates the table, if it does not exist.
	 *
	 * Two requests may do this at the same time. WordPress's dbDelta would then log an error.
	 */
	public static function install() {
		global $wpdb;
		$table   = self::table();
		$charset = $wpdb->get_charset_collate();
		$wpdb->query(
			"CREATE TABLE IF NOT EXISTS $table (
			id bigint(20) unsigned NOT NULL auto_increment,
			kind varchar(16) NOT NULL,
			comment_id bigint(20) unsigned NOT NULL,
			data text NOT NULL,
			tries int(10) unsigned NOT NULL default 0,
			failed tinyint(1) NOT NULL default 0,
			error varchar(300) NOT NULL default '',
			created_at int(10) unsigned NOT NULL,
			due_at int(10) unsigned NOT NULL,
			PRIMARY KEY (id),
			KEY due (failed,due_at),
			KEY comment_id (comment_id)
			) $charset;"
		);
	}

	/**
	 * Removes the table.
	 */
	public static function uninstall() {
		global $wpdb;
		$table = self::table();
		$wpdb->query( "DROP TABLE IF EXISTS $table" );
	}

	/**
	 * Adds a job, and has it done soon.
	 *
	 * @param string $kind       'decide', 'verdict' or 'erase'.
	 * @param int    $comment_id The comment, or 0.
	 * @param array  $data       What the job needs.
	 */
	public static function add( $kind, $comment_id, $data ) {
		global $wpdb;
		$wpdb->insert(
			self::table(),
			array(
				'kind'       => $kind,
				'comment_id' => $comment_id,
				'data'       => wp_json_encode( $data ),
				'created_at' => time(),
				'due_at'     => time(),
			)
		);
		House_Rules_Worker::wake( time() );
	}

	/**
	 * Takes the job that is due first, so that no other run takes it.
	 *
	 * The jobs of one comment are done one after the other.
	 *
	 * @return array|null
	 */
	public static function take() {
		global $wpdb;
		$table = self::table();
		for ( $try = 0; $try < 5; $try++ ) {
			$row = $wpdb->get_row(
				$wpdb->prepare(
					"SELECT * FROM $table AS job WHERE failed = 0 AND due_at <= %d AND (comment_id = 0 OR NOT EXISTS (
						SELECT 1 FROM $table AS before_it
						WHERE before_it.comment_id = job.comment_id AND before_it.failed = 0 AND before_it.id < job.id
					)) ORDER BY due_at, id LIMIT 1",
					time()
				),
				ARRAY_A
			);
			if ( ! $row ) {
				return null;
			}
			$lease = $wpdb->prepare( "UPDATE $table SET due_at = %d WHERE id = %d AND due_at = %d", time() + self::LEASE, $row['id'], $row['due_at'] );
			if ( 1 === $wpdb->query( $lease ) ) { // phpcs:ignore WordPress.DB.PreparedSQL.NotPrepared -- It was prepared.
				$row['data'] = (array) json_decode( $row['data'], true );
				return $row;
			}
		}
		return null;
	}

	/**
	 * Removes a job that is done.
	 *
	 * @param array $job The job.
	 */
	public static function done( $job ) {
		global $wpdb;
		$wpdb->delete( self::table(), array( 'id' => $job['id'] ) );
	}

	/**
	 * Has a job tried again later: after 1, 2, 4, 8 and then every 10 minutes.
	 *
	 * @param array  $job   The job.
	 * @param string $error What went wrong.
	 */
	public static function retry( $job, $error ) {
		$due_at = time() + min( 600, 60 * 2 ** min( 10, (int) $job['tries'] ) );
		self::change(
			$job,
			array(
				'tries'  => $job['tries'] + 1,
				'due_at' => $due_at,
				'error'  => mb_substr( $error, 0, 300 ),
			)
		);
		House_Rules_Worker::wake( $due_at );
	}

	/**
	 * Gives a job up. It stays in the table, and a person can have it tried again.
	 *
	 * @param array  $job   The job.
	 * @param string $error What went wrong.
	 */
	public static function fail( $job, $error ) {
		self::change(
			$job,
			array(
				'failed' => 1,
				'error'  => mb_substr( $error, 0, 300 ),
			)
		);
	}

	/**
	 * Has all jobs tried now, also those that were given up.
	 */
	public static function try_again() {
		global $wpdb;
		$table = self::table();
		$wpdb->query( $wpdb->prepare( "UPDATE $table SET failed = 0, tries = 0, due_at = %d", time() ) );
		House_Rules_Worker::wake( time() );
	}

	/**
	 * Returns whether a job has still to be done.
	 *
	 * @param string $kind       'decide', 'verdict' or 'erase'.
	 * @param int    $comment_id The comment, or 0.
	 * @return bool
	 */
	public static function has( $kind, $comment_id ) {
		global $wpdb;
		$table = self::table();
		return (bool) $wpdb->get_var( $wpdb->prepare( "SELECT id FROM $table WHERE comment_id = %d AND kind = %s AND failed = 0 LIMIT 1", $comment_id, $kind ) );
	}

	/**
	 * Removes the jobs of a comment.
	 *
	 * @param int $comment_id The comment.
	 */
	public static function forget( $comment_id ) {
		global $wpdb;
		$wpdb->delete( self::table(), array( 'comment_id' => $comment_id ) );
	}

	/**
	 * Returns how the queue is.
	 *
	 * @return array `waiting` and `failed` (numbers of jobs), `oldest` (the time when the oldest
	 *               waiting job was due, or 0), `error` (of a failed job).
	 */
	public static function summary() {
		global $wpdb;
		$table = self::table();
		return array(
			'waiting' => (int) $wpdb->get_var( "SELECT COUNT(*) FROM $table WHERE failed = 0" ),
			'failed'  => (int) $wpdb->get_var( "SELECT COUNT(*) FROM $table WHERE failed = 1" ),
			'oldest'  => (int) $wpdb->get_var( "SELECT MIN(due_at) FROM $table WHERE failed = 0" ),
			'error'   => (string) $wpdb->get_var( "SELECT error FROM $table WHERE failed = 1 ORDER BY id DESC LIMIT 1" ),
		);
	}

	/**
	 * Changes a job.
	 *
	 * @param array $job     The job.
	 * @param array $changes New values of columns.
	 */
	private static function change( $job, $changes ) {
		global $wpdb;
		$wpdb->update( self::table(), $changes, array( 'id' => $job['id'] ) );
	}
}
