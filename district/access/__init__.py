"""Who may do what over HTTP: keys of programs, accounts and sessions of people, and the guard in front of every route."""
