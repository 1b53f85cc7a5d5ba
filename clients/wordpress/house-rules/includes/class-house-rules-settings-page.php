<?php
/**
 * The settings page.
 *
 * @package house-rules
 */

defined( 'ABSPATH' ) || exit;

/**
 * Settings > House rules.
 */
class House_Rules_Settings_Page {
	const PAGE  = 'house-rules';
	const CHECK = 'house_rules_check';
	const AGAIN = 'house_rules_again';
	const TEST  = 'Please reject this comment, for it only tests the moderation.';

	/**
	 * Adds the hooks.
	 */
	public static function start() {
		add_action( 'admin_menu', array( __CLASS__, 'add_page' ) );
		add_action( 'admin_init', array( __CLASS__, 'register' ) );
		add_action( 'admin_post_' . self::CHECK, array( __CLASS__, 'check' ) );
		add_action( 'admin_post_' . self::AGAIN, array( __CLASS__, 'try_again' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( HOUSE_RULES_FILE ), array( __CLASS__, 'add_link' ) );
	}

	/**
	 * Returns the address of the page.
	 *
	 * @return string
	 */
	public static function url() {
		return admin_url( 'options-general.php?page=' . self::PAGE );
	}

	/**
	 * Adds the page to the menu.
	 */
	public static function add_page() {
		$title = __( 'House rules', 'house-rules' );
		add_options_page( $title, $title, 'manage_options', self::PAGE, array( __CLASS__, 'show' ) );
	}

	/**
	 * Adds a link to the list of plug-ins.
	 *
	 * @param string[] $links The links.
	 * @return string[]
	 */
	public static function add_link( $links ) {
		array_unshift( $links, '<a href="' . esc_url( self::url() ) . '">' . esc_html__( 'Settings', 'house-rules' ) . '</a>' );
		return $links;
	}

	/**
	 * Registers the settings.
	 */
	public static function register() {
		register_setting( self::PAGE, House_Rules_Settings::OPTION, array( 'sanitize_callback' => array( __CLASS__, 'sanitize' ) ) );
		$sections = array(
			'service'  => array(
				__( 'The service', 'house-rules' ),
				array(
					'url' => __( 'Address', 'house-rules' ),
					'key' => __( 'API key', 'house-rules' ),
				),
			),
			'comments' => array(
				__( 'Comments', 'house-rules' ),
				array(
					'reject'        => __( 'Rejected comments', 'house-rules' ),
					'without_trash' => __( 'Without a trash', 'house-rules' ),
					'skip_types'    => __( 'Types not to ask about', 'house-rules' ),
				),
			),
			'verdicts' => array(
				__( 'Verdicts given elsewhere', 'house-rules' ),
				array(
					'poll'           => __( 'Poll', 'house-rules' ),
					'webhook_secret' => __( 'Secret of the webhook', 'house-rules' ),
				),
			),
		);
		foreach ( $sections as $id => list( $title, $fields ) ) {
			add_settings_section( $id, $title, '__return_null', self::PAGE );
			foreach ( $fields as $name => $label ) {
				add_settings_field( $name, $label, array( __CLASS__, 'field' ), self::PAGE, $id, array( 'label_for' => "house_rules_$name" ) + compact( 'name' ) );
			}
		}
	}

	/**
	 * Checks what the page sends. A mistake is reported, and the earlier value stays.
	 *
	 * @param mixed $input The fields.
	 * @return array
	 */
	public static function sanitize( $input ) {
		$input = (array) $input;
		$saved = (array) get_option( House_Rules_Settings::OPTION, array() ) + House_Rules_Settings::defaults();
		if ( isset( $input['url'] ) ) {
			$url = trim( $input['url'] );
			if ( '' === $url || ( preg_match( '~^https?://[^/]~i', $url ) && wp_parse_url( $url, PHP_URL_HOST ) ) ) {
				$saved['url'] = untrailingslashit( esc_url_raw( $url, array( 'http', 'https' ) ) );
			} else {
				add_settings_error( House_Rules_Settings::OPTION, 'url', __( 'Address: it must begin with https:// or http:// and a host, such as https://moderation.example.', 'house-rules' ) );
			}
		}
		foreach ( array( 'key', 'webhook_secret' ) as $name ) {
			if ( ! empty( $input[ "remove_$name" ] ) ) {
				$saved[ $name ] = '';
			} elseif ( ! empty( $input[ $name ] ) ) {
				$saved[ $name ] = preg_replace( '/[^\x21-\x7e]/', '', $input[ $name ] );
			}
		}
		$choices = array(
			'reject'        => array( 'trash', 'refuse' ),
			'without_trash' => array( 'hold', 'delete' ),
		);
		foreach ( $choices as $name => $values ) {
			if ( isset( $input[ $name ] ) && in_array( $input[ $name ], $values, true ) ) {
				$saved[ $name ] = $input[ $name ];
			}
		}
		if ( isset( $input['skip_types'] ) ) {
			// WordPress calls this twice for a new option, the second time with the result.
			$types               = preg_split( '/[\s,]+/', implode( ' ', (array) $input['skip_types'] ), -1, PREG_SPLIT_NO_EMPTY );
			$saved['skip_types'] = array_values( array_unique( array_filter( array_map( 'sanitize_key', $types ) ) ) );
		}
		if ( isset( $input['poll'] ) ) {
			$saved['poll'] = (bool) $input['poll'];
		}
		return array_intersect_key( $saved, House_Rules_Settings::defaults() );
	}

	/**
	 * Shows a field.
	 *
	 * @param array $args With `name` and `label_for`.
	 */
	public static function field( $args ) {
		$name  = $args['name'];
		$id    = $args['label_for'];
		$field = House_Rules_Settings::OPTION . "[$name]";
		$value = House_Rules_Settings::get( $name );
		if ( House_Rules_Settings::is_constant( $name ) ) {
			$shown = in_array( $name, array( 'key', 'webhook_secret' ), true ) ? '••••••••' : $value;
			printf( '<code id="%s">%s</code><p class="description">%s</p>', esc_attr( $id ), esc_html( $shown ), esc_html__( 'Set in wp-config.php.', 'house-rules' ) );
			return;
		}
		switch ( $name ) {
			case 'url':
				printf( '<input type="url" class="regular-text code" id="%s" name="%s" value="%s" placeholder="https://moderation.example">', esc_attr( $id ), esc_attr( $field ), esc_attr( $value ) );
				break;
			case 'key':
			case 'webhook_secret':
				self::secret_field( $name, $id, $field, '' !== $value );
				break;
			case 'poll':
				printf( '<input type="hidden" name="%1$s" value="0"><input type="checkbox" id="%2$s" name="%1$s" value="1"%3$s> ', esc_attr( $field ), esc_attr( $id ), checked( $value, true, false ) );
				break;
			case 'skip_types':
				printf( '<input type="text" class="large-text code" id="%s" name="%s" value="%s">', esc_attr( $id ), esc_attr( $field ), esc_attr( implode( ', ', $value ) ) );
				break;
			default:
				printf( '<select id="%s" name="%s">', esc_attr( $id ), esc_attr( $field ) );
				foreach ( self::choices( $name ) as $choice => $label ) {
					printf( '<option value="%s"%s>%s</option>', esc_attr( $choice ), selected( $value, $choice, false ), esc_html( $label ) );
				}
				echo '</select>';
		}
		printf( '<p class="description">%s</p>', esc_html( self::help( $name ) ) );
	}

	/**
	 * Shows a field for a secret. The secret itself is never sent to the browser.
	 *
	 * @param string $name  The setting.
	 * @param string $id    The element's id.
	 * @param string $field The element's name.
	 * @param bool   $set   Whether the secret is set.
	 */
	private static function secret_field( $name, $id, $field, $set ) {
		printf( '<input type="password" class="regular-text code" autocomplete="new-password" id="%s" name="%s" value="" placeholder="%s">', esc_attr( $id ), esc_attr( $field ), esc_attr( $set ? '••••••••' : '' ) );
		if ( $set ) {
			printf( ' <label><input type="checkbox" name="%s" value="1"> %s</label>', esc_attr( House_Rules_Settings::OPTION . "[remove_$name]" ), esc_html__( 'Remove', 'house-rules' ) );
		}
	}

	/**
	 * Returns what one can choose from.
	 *
	 * @param string $name The setting.
	 * @return string[]
	 */
	private static function choices( $name ) {
		$choices = array(
			'reject'        => array(
				'trash'  => __( 'Go to the trash', 'house-rules' ),
				'refuse' => __( 'Are not stored, and the author is told what to change', 'house-rules' ),
			),
			'without_trash' => array(
				'hold'   => __( 'Hold them for a moderator', 'house-rules' ),
				'delete' => __( 'Delete them', 'house-rules' ),
			),
		);
		return $choices[ $name ];
	}

	/**
	 * Returns what a setting does.
	 *
	 * @param string $name The setting.
	 * @return string
	 */
	private static function help( $name ) {
		$help = array(
			'url'            => __( 'Where the service answers. Without it every comment is held.', 'house-rules' ),
			'key'            => __( 'With the scopes decide and verdict. Polling needs read too, and erasing personal data needs erase.', 'house-rules' ),
			'reject'         => __( 'What happens to a comment that the service rejects.', 'house-rules' ),
			'without_trash'  => __( 'What happens instead if EMPTY_TRASH_DAYS is 0 in wp-config.php, so that this site has no trash. A new comment that would be deleted is not stored, and its author is told what to change.', 'house-rules' ),
			'skip_types'     => __( 'What programs and editors write. Readers’ comments and reviews have other types.', 'house-rules' ),
			'poll'           => __( 'Ask the service every five minutes.', 'house-rules' ),
			/* translators: %s: the address of a webhook. */
			'webhook_secret' => sprintf( __( 'Optional, and faster than polling: set MODERATION_WEBHOOK_SECRET of the service here, and add %s to its MODERATION_WEBHOOKS.', 'house-rules' ), rest_url( 'house-rules/v1/webhook' ) ),
		);
		return $help[ $name ];
	}

	/**
	 * Shows the page.
	 */
	public static function show() {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		echo '<form action="options.php" method="post">';
		settings_fields( self::PAGE );
		do_settings_sections( self::PAGE );
		submit_button();
		echo '</form><h2>' . esc_html__( 'Status', 'house-rules' ) . '</h2>';
		$queue = House_Rules_Queue::summary();
		/* translators: 1: number of waiting messages, 2: number of messages that were given up. */
		echo '<p>' . esc_html( sprintf( __( 'Messages to the service that wait: %1$d. Given up: %2$d.', 'house-rules' ), $queue['waiting'], $queue['failed'] ) ) . '</p>';
		if ( '' !== $queue['error'] ) {
			echo '<p>' . esc_html( $queue['error'] ) . '</p>';
		}
		self::button( self::CHECK, __( 'Check the service', 'house-rules' ) );
		self::button( self::AGAIN, __( 'Send waiting messages now', 'house-rules' ) );
		echo '</div>';
	}

	/**
	 * Shows a button that does something at once.
	 *
	 * @param string $action The action.
	 * @param string $label  The button's text.
	 */
	private static function button( $action, $label ) {
		echo '<form action="' . esc_url( admin_url( 'admin-post.php' ) ) . '" method="post" style="display: inline-block; margin-right: 1em">';
		echo '<input type="hidden" name="action" value="' . esc_attr( $action ) . '">';
		wp_nonce_field( $action );
		submit_button( $label, 'secondary', 'submit', false );
		echo '</form>';
	}

	/**
	 * Asks the service about the sentence that it always rejects, and says what happened.
	 */
	public static function check() {
		self::authorize( self::CHECK );
		$answer = House_Rules_Service::decide(
			array(
				'text'    => self::TEST,
				'dry_run' => true,
			),
			House_Rules_Gate::SECONDS
		);
		if ( $answer['data'] && 'reject' === $answer['data']['action'] ) {
			self::back( __( 'The service answers, and rejects its test comment.', 'house-rules' ), 'success' );
		}
		self::back( $answer['data'] ? __( 'The service answers, but it does not reject its test comment.', 'house-rules' ) : $answer['error'], 'error' );
	}

	/**
	 * Sends what waits in the queue.
	 */
	public static function try_again() {
		self::authorize( self::AGAIN );
		House_Rules_Queue::try_again();
		House_Rules_Worker::run();
		$waiting = House_Rules_Queue::summary()['waiting'];
		/* translators: %d: number of waiting messages. */
		self::back( sprintf( __( 'Messages that still wait: %d.', 'house-rules' ), $waiting ), $waiting ? 'warning' : 'success' );
	}

	/**
	 * Ends the request, unless an administrator sent it from our page.
	 *
	 * @param string $action The action.
	 */
	private static function authorize( $action ) {
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( esc_html__( 'You may not do this.', 'house-rules' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $action );
	}

	/**
	 * Goes back to the page, and shows a message there.
	 *
	 * @param string $message The message.
	 * @param string $type    'success', 'warning' or 'error'.
	 */
	private static function back( $message, $type ) {
		add_settings_error( House_Rules_Settings::OPTION, 'result', $message, $type );
		set_transient( 'settings_errors', get_settings_errors(), 30 );
		wp_safe_redirect( add_query_arg( 'settings-updated', 'true', self::url() ) );
		exit;
	}
}
