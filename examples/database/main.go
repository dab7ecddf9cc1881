// Database opens cursors of a database for clients that call it by XML-RPC,
// JSON-RPC or plain HTTP, each at a URL of its own: /database has
// cursor(timeout), which returns an id, and /database/ID has execute, fetchone,
// fetchall and close. A cursor that nobody uses for its timeout is closed.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	_ "modernc.org/sqlite"
)

var (
	addr = flag.String("addr", "127.0.0.1:8080", "address to listen on")
	file = flag.String("db", filepath.Join(os.TempDir(), "spindle-database.db"), "file of the database")
	most = flag.Int("cursors", 100, "how many cursors may be open at once")
	db   *sql.DB
)

var cursors = &persession.Space{New: newCursor, MaxTimeout: time.Hour}

// open opens a cursor and returns its id: its URL is that of the database, a slash
// and the id.
func open(ctx context.Context, timeout float64) (string, error) {
	span, err := persession.Span(timeout, time.Second)
	if err != nil {
		rpc.Abort(3, "A timeout is a number of seconds above 0", "db", "")
	}
	s, err := cursors.Open(ctx, span)
	if errors.Is(err, session.ErrFull) {
		rpc.Abort(2, "Too many cursors are open", "db", "")
	}
	if err != nil {
		return "", err
	}
	return s.UID(), nil
}

func main() {
	flag.Parse()
	path, err := filepath.Abs(*file)
	if err == nil {
		const settings = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_time_format=sqlite"
		err = prepare(url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: settings})
	}
	if err != nil {
		log.Fatalf("%s: %v", *file, err)
	}
	defer db.Close()
	cursors.Sessions.OnExpire = func(s *session.Session) {
		fmt.Printf("A cursor is closed (%v); %d are open.\n", s.Reason(), db.Stats().InUse)
	}
	s := site.New(&guard.Hosts{Resource: gateway()}) // there is no log-in
	s.Managers = []*session.Manager{&cursors.Sessions}
	serve.Sites(serve.At{Addr: *addr, Site: s})
}

// gateway serves what has joined the group of the database's services.
func gateway() *rpc.Gateway {
	cursors.Sessions.Limit = *most
	database := &rpc.Service{Name: "database", Help: "Opens cursors.", Sessions: cursors, Hook: abort}
	database.Export("cursor", open, "timeout=60").Help = "Opens a cursor that closes after so many seconds without a call, and returns its id."
	database.Export("cursors", func() int { return db.Stats().InUse }).Help = "Returns how many cursors are open."
	services := new(rpc.Registry)
	services.Add(database, "database-services")
	return &rpc.Gateway{Registry: services, Group: "database-services"}
}

// prepare opens the database, and fills one that is new.
func prepare(name url.URL) (err error) {
	if db, err = sql.Open("sqlite", name.String()); err != nil {
		return err
	}
	db.SetMaxOpenConns(*most + 1)
	db.SetMaxIdleConns(-1) // what a cursor leaves behind, such as a transaction, goes with its connection
	_, err = db.Exec(`
		CREATE TABLE IF NOT EXISTS planets (name TEXT PRIMARY KEY, moons INTEGER, radius REAL);
		INSERT OR IGNORE INTO planets VALUES ('Mercury', 0, 2439.7), ('Venus', 0, 6051.8), ('Earth', 1, 6371.0), ('Mars', 2, 3389.5);`)
	return err
}
