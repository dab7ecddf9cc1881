//go:build linux

package server

import (
	"fmt"
	"io"
	"net"
	"syscall"
)

// MariaDB describes a server of the MariaDB that is installed.
//
// Stop is its ordinary shutdown. It keeps no binary log, and no statistics of
// its performance.
func MariaDB() *Server { return &Server{kind: &mariaDB} }

var mariaDB = kind{
	name:    "mariadb",
	users:   []string{"mysql", "nobody"},
	install: installMariaDB,
	command: mariaDBCommand,
	ping:    pingMariaDB,
	dsn:     func(addr string) string { return account + ":" + password + "@tcp(" + addr + ")/" + account },
	stop:    syscall.SIGTERM,
}

func mariaDBProgram(name string) (string, error) {
	return find(name, "mariadb-server-core", "/usr/sbin", "/usr/bin")
}

// mariaDBFiles have to be the same when the data are made.
var mariaDBFiles = []string{"--innodb-log-file-size=16M"}

func installMariaDB(s *Server) error {
	install, err := mariaDBProgram("mariadb-install-db")
	if err != nil {
		return err
	}
	// Users can be made only once those that there are have been read.
	users, err := s.file("users.sql", fmt.Sprintf(`
FLUSH PRIVILEGES;
CREATE DATABASE %[1]s CHARACTER SET utf8mb4;
CREATE USER %[1]s@'127.0.0.1' IDENTIFIED BY '%[2]s';
GRANT ALL ON *.* TO %[1]s@'127.0.0.1';
`, account, password))
	if err != nil {
		return err
	}
	return s.run(append([]string{
		install, "--no-defaults", "--datadir=" + s.data(), "--tmpdir=" + s.scratch(), "--extra-file=" + users,
		"--skip-test-db", "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=2", // as for PostgreSQL: nothing to lose yet
	}, mariaDBFiles...)...)
}

func mariaDBCommand(s *Server) ([]string, error) {
	mariadbd, err := mariaDBProgram("mariadbd")
	if err != nil {
		return nil, err
	}
	args := []string{
		mariadbd, "--no-defaults", "--datadir=" + s.data(), "--tmpdir=" + s.scratch(),
		"--bind-address=127.0.0.1", fmt.Sprint("--port=", s.port.number),
		// Relative to the data: a socket's path is at most 107 bytes long.
		"--socket=socket", "--pid-file=pid",
		// Without names no host is shut out for its many broken connections.
		"--skip-name-resolve",
		"--innodb-buffer-pool-size=64M", "--max-connections=100", "--performance-schema=off",
		"--innodb-buffer-pool-dump-at-shutdown=off", "--innodb-buffer-pool-load-at-startup=off",
	}
	if s.NoSync {
		args = append(args, "--innodb-flush-log-at-trx-commit=2")
	}
	return append(args, mariaDBFiles...), nil
}

// pingMariaDB waits for the greeting, which a server sends once it takes
// commands. One that has no more connections to give sends an error in its place.
func pingMariaDB(c net.Conn) error {
	const protocol = 10
	var greeting [5]byte // length and number of the packet, version of the protocol
	if _, err := io.ReadFull(c, greeting[:]); err != nil {
		return err
	}
	if greeting[4] != protocol {
		return fmt.Errorf("greeted with %x", greeting)
	}
	return nil
}
