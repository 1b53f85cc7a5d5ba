<?php
// install.php ROOT: the newspaper "The Herald", with a moderator and a reader who has an account.

define( 'WP_INSTALLING', true );
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install( 'The Herald', 'asha', 'asha@herald.example', true, '', 'a password' );
wp_create_user( 'ravi', 'a password', 'ravi@example.com' );
update_option( 'comment_previously_approved', 0 ); // else everybody's first comment is held
