"""Reports on paper: composed from what the history has, written as one document, printed by a process of its own."""
