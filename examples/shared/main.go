//go:build linux

// Shared counts the visits of each session in two processes with one PostgreSQL.
// Browsers do not tell the ports of a host apart: visit both by turns. Kill one
// process, and the other counts on and ends the sessions that the dead one had.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
	"github.com/spindleweb/spindle/session/storetest/server"
	"github.com/spindleweb/spindle/site"
)

var (
	addr    = flag.String("addr", "127.0.0.1:8080", "address of the first process")
	addr2   = flag.String("addr2", "127.0.0.1:8081", "address of the second process; without one, this process is the only one")
	timeout = flag.Duration("timeout", 15*time.Minute, "how long a session lasts without a visit")
	dsn     = flag.String("db", "", "URL of a PostgreSQL (default one of our own, which is gone when we are)")

	visits = session.NewKey[int]("visits")
	pid    = os.Getpid()
)

func page(req *resource.Request) {
	var now int
	err := visits.Update(req.GetSession(), func(n *int) {
		*n++
		now = *n
	})
	if err != nil { // the session has ended in this very moment, or the database does not answer
		req.Abort(503)
	}
	fmt.Fprintf(req, "This is visit %d, counted by process %d.\n", now, pid)
}

func ended(s *session.Session) {
	n, _ := visits.Get(s)
	fmt.Printf("Process %d: a session has ended after visit %d.\n", pid, n)
}

// one is what each of the processes does.
func one(ctx context.Context) error {
	db, err := sql.Open("pgx", *dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(20)
	store := &sqlstore.Store{DB: db, Dialect: sqlstore.PostgreSQL}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	s := site.New(resource.GET(page))
	s.SessionFactory = session.Lasting(*timeout)
	s.Store = store
	s.Sessions().Shared = true // visitors come to both by turns
	s.Sessions().OnExpire = ended
	serve.Sites(serve.At{Addr: *addr, Site: s})
	return nil
}

// two starts this program twice and returns when both have ended.
func two(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // Pdeathsig comes when the thread ends that started a process
	var running sync.WaitGroup
	for _, a := range []string{*addr, *addr2} {
		cmd := exec.CommandContext(ctx, self, "-addr", a, "-addr2", "", "-timeout", timeout.String(), "-db", *dsn)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // Ctrl-C is for us
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		if err := cmd.Start(); err != nil {
			return err
		}
		running.Go(func() {
			_ = cmd.Wait() // ProcessState has the result
			if ctx.Err() == nil {
				fmt.Printf("Process %d has ended: %v.\n", cmd.Process.Pid, cmd.ProcessState)
			}
		})
	}
	running.Wait()
	if ctx.Err() == nil {
		return errors.New("both processes have ended")
	}
	return nil
}

func run(ctx context.Context) error {
	if *dsn == "" {
		db := server.PostgreSQL()
		defer db.Close()
		if err := db.Start(); err != nil {
			return fmt.Errorf("%w; or name a PostgreSQL that runs with -db", err)
		}
		*dsn = db.DSN()
		fmt.Println("The sessions are in", *dsn)
	}
	if *addr2 == "" {
		return one(ctx)
	}
	return two(ctx)
}

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
