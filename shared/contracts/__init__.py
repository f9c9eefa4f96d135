"""Events and commands: the only place where services meet. One module per producer."""
