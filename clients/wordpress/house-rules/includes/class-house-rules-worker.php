<?php
/**
 * Works on the queue by WP-Cron.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * The jobs of the queue.
 */
class House_Rules_Worker {
	const HOOK       = 'house_rules_work';     // Every five minutes.
	const SOON       = 'house_rules_work_now'; // When there is something to do.
	const BUDGET     = 20;                     // Seconds for one run.
	const MOST_TRIES = 20;                     // For a decision that the service does not know.

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_filter( 'cron_schedules', array( __CLASS__, 'intervals' ) ); // phpcs:ignore WordPress.WP.CronInterval -- Readers wait for a held comment.
		add_action( self::HOOK, array( __CLASS__, 'run' ) );
		add_action( self::HOOK, array( 'House_Rules_Poll', 'run' ), 20 );
		add_action( self::SOON, array( __CLASS__, 'run' ) );
	}

	/**
	 * Adds an interval of five minutes.
	 *
	 * @param array $intervals WordPress's own.
	 * @return array
	 */
	public static function intervals( $intervals ) {
		$intervals['house_rules'] = array(
			'interval' => 5 * MINUTE_IN_SECONDS,
			'display'  => __( 'Every five minutes (House rules)', 'house-rules' ),
		);
		return $intervals;
	}

	/**
	 * Schedules the regular run, if it is not scheduled.
	 */
	public static function schedule() {
		if ( ! wp_next_scheduled( self::HOOK ) ) {
			wp_schedule_event( time(), 'house_rules', self::HOOK );
		}
	}

	/**
	 * Removes all scheduled runs.
	 */
	public static function unschedule() {
		wp_clear_scheduled_hook( self::HOOK );
		wp_clear_scheduled_hook( self::SOON );
	}

	/**
	 * Schedules a run.
	 *
	 * @param int $at The time.
	 */
	public static function wake( $at ) {
		$next = wp_next_scheduled( self::SOON );
		if ( $next && $next <= $at ) {
			return;
		}
		wp_clear_scheduled_hook( self::SOON );
		wp_schedule_single_event( $at, self::SOON );
	}

	/**
	 * Does the jobs that are due. Stops when the service does not answer.
	 */
	public static function run() {
		$end = time() + self::BUDGET;
		while ( time() < $end ) {
			$job = House_Rules_Queue::take();
			if ( ! $job ) {
				return;
			}
			if ( ! self::work( $job ) ) {
				break;
			}
		}
		self::wake( time() + MINUTE_IN_SECONDS ); // For the rest.
	}

	/**
	 * Does a job.
	 *
	 * @param array $job The job.
	 * @return bool Whether the service answered.
	 */
	public static function work( $job ) {
		switch ( $job['kind'] ) {
			case 'decide':
				$answer = self::decide( $job );
				break;
			case 'verdict':
				$answer = self::verdict( $job );
				break;
			default:
				$answer = House_Rules_Service::request( 'erase', 'POST', '/v1/erase', array( 'author' => $job['data']['author'] ) );
		}
		if ( ! $answer || $answer['data'] ) {
			House_Rules_Queue::done( $job );
		} elseif ( $answer['again'] || ( $answer['unknown'] && $job['tries'] < self::MOST_TRIES ) ) {
			House_Rules_Queue::retry( $job, $answer['error'] );
		} else {
			House_Rules_Queue::fail( $job, $answer['error'] );
		}
		return ! $answer || ! $answer['again'];
	}

	/**
	 * Asks about a comment that was held because there was no answer, or whose text was edited.
	 *
	 * @param array $job The job.
	 * @return array|null The service's answer, or null if there is nothing to do.
	 */
	private static function decide( $job ) {
		$comment = get_comment( $job['comment_id'] );
		$record  = House_Rules_Record::get( $job['comment_id'] );
		if ( ! $comment || ! $record || ( House_Rules_Record::is_current( $record, $comment ) && '' === $record['waiting'] ) ) {
			return null;
		}
		$answer = self::ask( $comment, $record );
		if ( $answer['data'] && empty( $job['data']['no_effect'] ) ) {
			House_Rules_Outcome::late( $comment, $answer['data']['action'], ! empty( $job['data']['publish'] ) );
		}
		// A text that the service refuses, such as one that is too long, stays with the moderators.
		return $answer['data'] || $answer['again'] ? $answer : null;
	}

	/**
	 * Sends a verdict.
	 *
	 * @param array $job The job.
	 * @return array|null The service's answer, or null if there is nothing to do.
	 */
	private static function verdict( $job ) {
		$data     = $job['data'];
		$comment  = get_comment( $job['comment_id'] );
		$record   = House_Rules_Record::get( $job['comment_id'] );
		$decision = $data['decision'];
		if ( '' === $decision ) {
			if ( ! $comment || ! $record || House_Rules_Record::hash( $comment->comment_content ) !== $data['text'] ) {
				return null; // The service never saw this text, and now it is gone.
			}
			$decision = $record['decision'];
			if ( ! House_Rules_Record::is_current( $record, $comment ) ) {
				$answer = self::ask( $comment, $record );
				if ( ! $answer['data'] ) {
					return $answer;
				}
				$decision = $answer['data']['id'];
			}
		}
		$answer = House_Rules_Service::request(
			'verdict',
			'POST',
			'/v1/decisions/' . rawurlencode( $decision ) . '/verdict',
			array(
				'action' => $data['action'],
				'who'    => $data['who'],
			)
		);
		if ( $answer['data'] && $record && $comment ) {
			$last = end( $answer['data']['history']['verdicts'] );
			House_Rules_Record::update( $comment->comment_ID, array( 'verdict_at' => $last ? $last['at'] : '' ) );
		}
		return $answer;
	}

	/**
	 * Asks the service about a stored comment, and keeps the decision.
	 *
	 * @param WP_Comment $comment The comment.
	 * @param array      $record  What is kept about it.
	 * @return array The answer.
	 */
	private static function ask( $comment, $record ) {
		$fields = House_Rules_Request::of_stored( $record['name'], $comment );
		$answer = House_Rules_Service::decide( $fields, House_Rules_Service::PATIENT );
		if ( $answer['data'] ) {
			House_Rules_Record::decided( $comment->comment_ID, $answer['data'], $comment->comment_content );
		} else {
			House_Rules_Record::waiting( $comment->comment_ID, $answer );
		}
		return $answer;
	}
}
