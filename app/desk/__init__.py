"""The newsroom's verbs: write, correct, embargo, withdraw; each is one transaction.
Public modules: `transaction`, a module for each verb, `articles` (stories) and `catalog` (what stories
share).
It does not know routes; it does not build the answers of readers.
"""
