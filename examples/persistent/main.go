// Persistent counts the visits of each session and keeps the sessions in a file:
// end the program in any way, kill -9 included, start it again, and it counts
// on. Sessions that would have ended meanwhile end then.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
	"github.com/spindleweb/spindle/site"
	_ "modernc.org/sqlite"
)

// visits is written to the file as JSON, which has the exported fields only.
type visits struct{ Count int }

var visited = session.NewKey[visits]("visits")

// page has been written to the file when Update returns: what a visitor has
// seen is never lost.
func page(req *resource.Request) {
	var left time.Duration
	if s := req.PeekSession(); s != nil {
		left = s.Remaining()
	}
	var n int
	err := visited.Update(req.GetSession(), func(v *visits) {
		v.Count++
		n = v.Count
	})
	switch {
	case err != nil:
		req.Abort(503)
	case n == 1:
		fmt.Fprintln(req, "Welcome. This is your first visit.")
	default:
		fmt.Fprintf(req, "This is visit %d; your session would have ended in %v.\n", n, left.Round(time.Second))
	}
}

func ended(s *session.Session) {
	v, _ := visited.Get(s)
	fmt.Printf("A session has ended after visit %d.\n", v.Count)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	timeout := flag.Duration("timeout", 15*time.Minute, "how long a session lasts without a visit")
	file := flag.String("db", filepath.Join(os.TempDir(), "spindle-persistent.db"), "file to keep the sessions in")
	flag.Parse()
	if path, err := filepath.Abs(*file); err == nil {
		*file = path
	}

	const settings = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_txlock=immediate"
	name := url.URL{Scheme: "file", OmitHost: true, Path: *file, RawQuery: settings}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	store := &sqlstore.Store{DB: db, Dialect: sqlstore.SQLite}
	if err := store.Migrate(context.Background()); err != nil {
		log.Fatalf("%s: %v", *file, err)
	}
	fmt.Println("The sessions are in", *file)

	s := site.New(resource.GET(page))
	s.SessionFactory = session.Lasting(*timeout)
	s.Store = store
	s.Sessions().OnExpire = ended
	serve.Sites(serve.At{Addr: *addr, Site: s})
}
