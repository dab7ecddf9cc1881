// Package server starts real database servers for tests, and disturbs them.
//
//	db := server.StartPostgreSQL(t) // or StartMariaDB
//	pool, err := sql.Open("pgx", db.DSN())
//	...
//	require.NoError(t, db.Kill())   // a crash in the middle of it all
//	require.NoError(t, db.Start())  // and the return: the same port, the same data
//
// Each server runs on a loopback port of its own with its data in a temporary
// folder, and both are gone when the test ends. Without a test it is as short:
//
//	db := server.PostgreSQL()
//	if err := db.Start(); err != nil { ... }
//	defer db.Close()
//
// A server can crash (Kill), shut down (Stop), hang (Pause and Resume) and run
// out of space (FillDisk and FreeDisk). A Proxy in front of it, or of anything
// else that speaks TCP, is a bad network: slow, silent, or cut at a given byte.
//
// What holds:
//
//   - The settings decide about speed and size only; what has been committed is
//     as safe as in production, unless NoSync says otherwise.
//   - Start returns once the server answers in its own protocol.
//   - Nothing of a server outlives the one that started it, even if that is
//     killed while the server is paused: no process, no file, no shared memory.
//   - Run by root, a server that refuses root runs as an ordinary user.
//
// The programs are those of the Debian packages postgresql, mariadb-server-core
// and mariadb-client-core, or whatever is in PATH. Servers run on Linux only;
// the Proxy runs everywhere.
package server
