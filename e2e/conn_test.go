package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dial opens a connection of which the test is master, as it is not of curl's.
func dial(t *testing.T, p *program) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url(0), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn, bufio.NewReader(conn)
}

// ask writes a request for /logme and does not wait for the answer.
func ask(t *testing.T, conn net.Conn, uid string) {
	t.Helper()
	_, err := fmt.Fprintf(conn, "GET /logme HTTP/1.1\r\nHost: localhost\r\nCookie: sid=%s\r\n\r\n", uid)
	require.NoError(t, err)
}

func receive(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	a, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, a.Body)
	require.NoError(t, err)
	require.NoError(t, a.Body.Close())
	return a
}
