<?php
// install.php ROOT: installs the newspaper "The Herald" with a moderator and a registered reader.

define( 'WP_INSTALLING', true );
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install( 'The Herald', 'asha', 'asha@herald.example', true, '', 'a password' );
wp_create_user( 'ravi', 'a password', 'ravi@example.com' );
update_option( 'comment_previously_approved', 0 ); // otherwise each author's first comment is held
