//go:build linux

package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"syscall"
)

// PostgreSQL describes a server of the newest PostgreSQL that is installed.
//
// Stop is its fast shutdown: transactions are rolled back, sessions ended, all
// is written out. Its database has UTF-8 and the collation C.
func PostgreSQL() *Server { return &Server{kind: &postgreSQL} }

var postgreSQL = kind{
	name:    "postgresql",
	users:   []string{"postgres", "nobody"},
	install: installPostgreSQL,
	command: postgreSQLCommand,
	ping:    pingPostgreSQL,
	dsn:     func(addr string) string { return "postgres://" + account + ":" + password + "@" + addr + "/postgres" },
	stop:    syscall.SIGINT,
}

func postgreSQLProgram(name string) (string, error) {
	return find(name, "postgresql", "/usr/lib/postgresql/*/bin")
}

func installPostgreSQL(s *Server) error {
	initdb, err := postgreSQLProgram("initdb")
	if err != nil {
		return err
	}
	secret, err := s.file("password", password)
	if err != nil {
		return err
	}
	// What initdb writes needs to survive nothing: without it there is no server.
	return s.run(initdb, "--pgdata="+s.data(), "--username="+account, "--pwfile="+secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")
}

func postgreSQLCommand(s *Server) ([]string, error) {
	postgres, err := postgreSQLProgram("postgres")
	if err != nil {
		return nil, err
	}
	args := []string{
		postgres, "-D", s.data(),
		"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprint("port=", s.port.number),
		"-c", "unix_socket_directories=",
		"-c", "shared_buffers=32MB", "-c", "max_connections=100",
		// In the folder, so that it goes with it after a crash; /dev/shm would keep it.
		"-c", "dynamic_shared_memory_type=mmap",
	}
	if s.NoSync {
		args = append(args, "-c", "fsync=off")
	}
	return args, nil
}

// pingPostgreSQL says hello: the answer is a request for the password, or an
// error while the server starts, recovers or shuts down.
func pingPostgreSQL(c net.Conn) error {
	const version3 = 3 << 16
	hello := binary.BigEndian.AppendUint32(make([]byte, 4), version3)
	hello = append(hello, "user\x00"+account+"\x00database\x00postgres\x00\x00"...)
	binary.BigEndian.PutUint32(hello, uint32(len(hello)))
	if _, err := c.Write(hello); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'R' {
		return fmt.Errorf("answered %q", answer)
	}
	return nil
}
