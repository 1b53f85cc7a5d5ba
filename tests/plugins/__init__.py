"""Tests of plug-ins: rules and scorers in packages of a newsroom."""
