//go:build linux

package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take for anything at all; whatever takes
// longer hangs.
const patience = 60 * time.Second

// The one user and database of each server.
const (
	account  = "spindle"
	password = "secret"
)

// A Server is a database server that runs for us alone. PostgreSQL and MariaDB
// describe one, Start starts it and Close removes all of it. Fields are set
// before the first Start; methods may be called from several goroutines, and
// each waits until the one before is done.
type Server struct {
	// NoSync has the server not wait until its disk has written what it
	// commits. That survives Kill, and would not survive a power cut. Default:
	// it waits.
	NoSync bool

	// Disk gives the server a disk of its own with so many bytes, for FillDisk;
	// a fresh server takes less than 80 MB. The disk is in memory, in a mount
	// namespace that nobody else sees, which takes the right to mount: without
	// it there is no such disk. Default: a folder on the machine's disk.
	Disk int64

	// Args are appended to the server's command line: "-c", "name=value" for
	// PostgreSQL, "--name=value" for MariaDB. Default: none.
	Args []string

	kind *kind

	mu        sync.Mutex
	thread    *thread // starts all processes; nil before the first Start and after Close
	folder    string
	keeper    *keeper
	owner     *syscall.Credential // nil: ours
	port      *port
	mounted   bool
	fileLimit int64    // no file may grow beyond it; 0: no limit
	process   *process // the last one, dead or alive; nil before the first
	paused    bool
}

// kind is what one sort of server has of its own.
type kind struct {
	name  string
	users []string // to run as instead of root: the first that there is

	// install makes the data in Server.data.
	install func(s *Server) error
	// command is the command line that runs the server.
	command func(s *Server) ([]string, error)
	// ping returns nil if the server at the other end takes commands.
	ping func(c net.Conn) error
	dsn  func(addr string) string
	stop os.Signal
}

// Start runs the server and waits until it answers: the first time on a new
// port with new data, later with the same. A paused server is resumed; one that
// runs only has to answer.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kind == nil {
		return errors.New("server: neither PostgreSQL nor MariaDB")
	}
	if s.thread == nil {
		if err := s.create(); err != nil {
			return fmt.Errorf("server: making %s: %w", s.kind.name, errors.Join(err, s.remove()))
		}
	}
	if err := s.launch(); err != nil {
		return fmt.Errorf("server: starting %s: %w", s.kind.name, err)
	}
	return nil
}

// create makes folder and data.
func (s *Server) create() (err error) {
	s.thread = newThread()
	if s.owner, err = owner(s.kind.users); err != nil {
		return err
	}
	if s.folder, err = folder(s.kind.name, s.owner); err != nil {
		return err
	}
	if s.Disk > 0 {
		s.mounted = s.mount() == nil
	}
	if s.keeper, err = newKeeper(s.folder, s.start); err != nil {
		return errors.Join(err, os.RemoveAll(s.folder))
	}
	if s.port, err = reservePort(); err != nil {
		return err
	}
	if err = s.kind.install(s); err != nil {
		return fmt.Errorf("%w%s", err, s.tail())
	}
	return nil
}

// launch runs the program unless it runs already, and waits until it answers.
func (s *Server) launch() error {
	if err := s.resume(); err != nil {
		return err
	}
	if !s.process.alive() {
		args, err := s.kind.command(s)
		if err != nil {
			return err
		}
		if s.process, err = s.spawn(append(args, s.Args...)); err != nil {
			return err
		}
	}
	err := poll(func() (bool, error) {
		if !s.process.alive() {
			return false, fmt.Errorf("it has ended: %v%s", s.process.state(), s.tail())
		}
		return s.answers(), nil
	})
	if errors.Is(err, errHangs) {
		return fmt.Errorf("%w%s", err, s.tail())
	}
	return err
}

func (s *Server) answers() bool {
	c, err := net.DialTimeout("tcp", s.addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	return s.kind.ping(c) == nil
}

// spawn starts a process in the server's folder, as its owner.
func (s *Server) spawn(args []string) (*process, error) {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if s.fileLimit > 0 {
		args = append([]string{"prlimit", fsize(s.fileLimit)}, args...)
	}
	// A file at its limit (see FillDisk) shall be an error, and not a signal that
	// ends MariaDB.
	args = append([]string{"-c", `trap '' XFSZ; exec "$@"`, "sh"}, args...)
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "LC_ALL=C", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = s.attributes()
	if err := s.start(cmd); err != nil {
		return nil, err
	}
	return watch(cmd), nil
}

// start starts a process that sees the server's disk.
func (s *Server) start(cmd *exec.Cmd) error { return s.thread.do(cmd.Start) }

// attributes are those of the processes of the server: its owner, and a group of
// their own, which the terminal's Ctrl-C passes by.
func (s *Server) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: s.owner}
}

// run runs a process to its end.
func (s *Server) run(args ...string) error {
	p, err := s.spawn(args)
	if err != nil {
		return err
	}
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(args[0]), p.err)
	}
	return nil
}

// Addr returns host and port, or nothing while there is no server: before Start
// and after Close.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr()
}

func (s *Server) addr() string {
	if s.port == nil {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port.number))
}

// DSN returns the data source name: for PostgreSQL a URL as pgx takes it, for
// MariaDB what github.com/go-sql-driver/mysql takes. Neither has options yet,
// so that a "?" and more may follow.
func (s *Server) DSN() string { return s.kind.dsn(s.Addr()) }

// DSNVia returns the DSN with another address: that of a Proxy.
func (s *Server) DSNVia(addr string) string { return s.kind.dsn(addr) }

// Close kills the server and removes its data. It can be started again, as a
// new one.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thread == nil {
		return nil
	}
	if err := s.remove(); err != nil {
		return fmt.Errorf("server: removing %s: %w", s.kind.name, err)
	}
	return nil
}

// remove removes what create and launch have made, all or part of it.
func (s *Server) remove() error {
	err := s.kill()
	if s.keeper != nil {
		err = errors.Join(err, s.keeper.dismiss())
	}
	if s.port != nil {
		err = errors.Join(err, s.port.socket.Close())
	}
	s.thread.close()
	s.thread, s.keeper, s.process, s.port = nil, nil, nil, nil
	s.mounted, s.paused, s.fileLimit = false, false, 0
	return err
}

// Log returns what the server has written to its log.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _ := os.ReadFile(s.log())
	return string(b)
}

// tail is the end of the log, for errors.
func (s *Server) tail() string {
	b, _ := os.ReadFile(s.log())
	if len(b) == 0 {
		return ""
	}
	return "\n" + string(b[max(0, len(b)-2000):])
}

// Only disk, with the data in it, has a limited size. A server fails in other
// ways than a full disk's if it cannot write its log or sort in a file.
func (s *Server) log() string     { return filepath.Join(s.folder, "log") }
func (s *Server) scratch() string { return filepath.Join(s.folder, "tmp") }
func (s *Server) disk() string    { return filepath.Join(s.folder, "disk") }
func (s *Server) data() string    { return filepath.Join(s.folder, "disk", "data") }
