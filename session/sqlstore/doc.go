// Package sqlstore keeps sessions in a database that database/sql can reach:
// PostgreSQL from 12, MySQL from 8.0 and MariaDB from 10.6, SQLite from 3.42.
// The driver is the program's choice, and no other thing has to be set up:
//
//	db, err := sql.Open("pgx", "postgres://localhost/site")
//	if err != nil {
//		log.Fatal(err)
//	}
//	store := &sqlstore.Store{DB: db, Dialect: sqlstore.PostgreSQL}
//
// The tables are made, and brought up to date, by the first call that reaches
// the database; so a program can start while that is down. [Store.Migrate] does
// it at another time, or as another user. Every table's name begins with
// Store.Table, and Stores of different names in one database have nothing to do
// with each other.
//
// What it promises besides what session.Store does:
//
//   - All times are the database's. No clock of a process counts, and none of
//     the sessions is due early because of one. It is read with each statement,
//     in milliseconds, and ends are rounded up.
//   - Looking for what is due is one range of one index, which has in it what is
//     due and what was claimed and not acknowledged, and costs the same whatever
//     else there is.
//   - Few round trips: with PostgreSQL one for each call, a claim that finds
//     something two; with the others one for Load, Exists and a Due that finds
//     nothing, and else a short transaction.
//   - Touch, Claim and Ack of more than 128 sessions (SQLite: 500) are several
//     statements, each of which is done as a whole.
//   - Deadlocks and conflicts are tried again, up to five times.
//   - Acknowledged is what has been committed: what that withstands is a setting
//     of the database.
//
// # PostgreSQL
//
// The driver should be github.com/jackc/pgx/v5/stdlib, which prepares statements
// by itself; it needs no settings. In front of a pooler that hands out
// connections by the transaction, add default_query_exec_mode=exec. The default
// isolation has to be READ COMMITTED, as it is unless changed: under a stricter
// one, of many who write the same session at once some fail.
//
// A commit is on disk when it returns, with synchronous_commit=off within three
// times wal_writer_delay; what is lost then are whole changes, the last ones.
//
// Every touch moves an entry of the index, so it leaves a dead row and a dead
// entry. The tables are made with a fillfactor of 70 and 80, so that the new row
// finds room in the same page, and have themselves vacuumed when 2 % are dead,
// without pauses: an index on what is due that is full of what no longer is
// would be read through by each look.
//
// # MySQL and MariaDB
//
// The driver is github.com/go-sql-driver/mysql, with these settings:
//
//	interpolateParams=true&clientFoundRows=true&timeout=2s&readTimeout=5s&writeTimeout=5s
//
// The first saves a round trip for each statement, the last three keep a
// connection that has died from holding up a request for minutes. None changes
// what a Store does. A commit is on disk when it returns unless
// innodb_flush_log_at_trx_commit is 0 or 2, which can lose the last second.
//
// # SQLite
//
// The driver can be modernc.org/sqlite, which needs no C compiler:
//
//	db, err := sql.Open("sqlite", "file:sessions.db?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_txlock=immediate")
//	db.SetMaxOpenConns(1)
//
// Any number of processes of one machine can share the file, but only one writes
// at a time, and many connections that wait for one another are slower than a
// single one. Without busy_timeout they do not wait but fail. With WAL, a commit
// withstands the end of the process; whether it withstands a loss of power
// is the pragma synchronous: FULL, the default, or NORMAL, which can lose the
// last commits and is several times as fast. Its clock is that of the machine,
// so setting that one moves all ends; see [Store.AdjustTime].
package sqlstore
