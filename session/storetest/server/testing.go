//go:build linux

package server

import "testing"

// StartPostgreSQL starts a PostgreSQL that ends with the test.
func StartPostgreSQL(t testing.TB) *Server {
	t.Helper()
	return Run(t, PostgreSQL())
}

// StartMariaDB starts a MariaDB that ends with the test.
func StartMariaDB(t testing.TB) *Server {
	t.Helper()
	return Run(t, MariaDB())
}

// Run starts a server and closes it when the test ends. If the test has failed,
// the end of the server's log is in the test's.
func Run(t testing.TB, s *Server) *Server {
	t.Helper()
	if err := s.Start(); err != nil {
		_ = s.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s ends:%s", s.kind.name, s.tail())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
