"""What stands around the rows of the journal: the words they are found by, the chain of the audit, what was removed."""
