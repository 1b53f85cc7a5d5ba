"""Tests of what plug-in authors test their rules and scorers with."""
