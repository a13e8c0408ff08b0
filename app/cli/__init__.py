"""The command `isnad`: one module a subcommand.
Public modules: `entry.main`, which the entry point calls.
It parses arguments and prints; the work is done by the packages below.
"""
