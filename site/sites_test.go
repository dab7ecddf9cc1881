package site_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// certificate writes a self-made one and returns its files.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	text, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}), 0o600))
	return cert, key
}

func TestPlainAndTLSAreTwoWorlds(t *testing.T) {
	s, _, _ := newSite(noter())
	pair, err := tls.LoadX509KeyPair(certificate(t))
	require.NoError(t, err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	under, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 2)
	go func() { done <- s.Serve(plain) }()
	go func() { done <- s.Serve(tls.NewListener(under, &tls.Config{Certificates: []tls.Certificate{pair}})) }()

	c, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	sc, err := tls.Dial("tcp", under.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer sc.Close()
	br, sbr := bufio.NewReader(c), bufio.NewReader(sc)

	r := exchange(t, c, br, get("/?note=plain"))
	open := cookieOf(t, r)
	require.NotContains(t, r.Header.Get("Set-Cookie"), "Secure")
	r = exchange(t, sc, sbr, get("/?note=secure"))
	safe := cookieOf(t, r)
	require.True(t, strings.HasPrefix(safe, "__Secure-sid="), safe)
	require.Equal(t, safe+"; Path=/; HttpOnly; SameSite=Lax; Secure", r.Header.Get("Set-Cookie"))
	require.Equal(t, "plain", exchange(t, c, br, get("/", "Cookie: "+open+"; "+safe)).body)
	require.Equal(t, "secure", exchange(t, sc, sbr, get("/", "Cookie: "+open+"; "+safe)).body)
	require.Empty(t, exchange(t, c, br, get("/", "Cookie: sid="+safe[13:])).body)
	require.Empty(t, exchange(t, sc, sbr, get("/", "Cookie: __Secure-"+open)).body)
	require.EqualValues(t, 4, s.Sessions().Stats().Made)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

func TestTwoSitesShareNothing(t *testing.T) {
	short, _, _ := newSite(noter())
	long, _, _ := newSite(noter())
	long.Clock = short.Clock // but for time
	short.SessionFactory, long.SessionFactory = session.Lasting(time.Minute), session.Lasting(time.Hour)
	gone := make(chan struct{}, 1)
	short.Sessions().OnExpire = func(*session.Session) { gone <- struct{}{} }
	a, b := serve(t, short), serve(t, long)
	ca, cb := cookieOf(t, a.ask(t, get("/?note=a"))), cookieOf(t, b.ask(t, get("/?note=b")))
	require.Equal(t, "b", b.ask(t, get("/", "Cookie: "+ca+"; "+cb)).body)
	require.Equal(t, "a", a.ask(t, get("/", "Cookie: "+cb+"; "+ca)).body)
	short.Clock.Advance(2 * time.Minute)
	<-gone
	require.Equal(t, "b", b.ask(t, get("/", "Cookie: "+cb)).body)
	require.Empty(t, a.ask(t, get("/", "Cookie: "+ca)).body)
}

func TestHandlerInAForeignServer(t *testing.T) {
	s, _, access := newSite(noter())
	srv := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/other" {
			_, _ = ctx.WriteString("other")
			return
		}
		s.Handler(ctx)
	}}
	h := &host{s, fasthttputil.NewInmemoryListener(), make(chan error, 1)}
	go func() { h.done <- srv.Serve(h.ln) }()
	defer h.ln.Close()
	require.Equal(t, "other", h.ask(t, get("/other")).body)
	c := cookieOf(t, h.ask(t, get("/?note=mine")))
	require.Equal(t, "mine", h.ask(t, get("/", "Cookie: "+c)).body)
	require.Contains(t, h.raw(t, "GET / HTTP/9.9\r\nHost: a\r\n\r\n"), " 505 ")
	require.Len(t, access.all(), 3)
	require.NoError(t, s.Shutdown(t.Context()))
	require.Equal(t, "other", h.ask(t, get("/other")).body, "the server is another's")
}

// Bytes of a request are overwritten by the next of its connection, so a note
// of one visitor in the answer to another is how a leak of them shows.
func TestEveryVisitorGetsTheirOwn(t *testing.T) {
	const visitors, rounds = 200, 10
	s, log, _ := newSite(noter())
	s.AccessLog = nil
	h := serve(t, s)
	bad := make(chan string, visitors)
	var all sync.WaitGroup
	for i := range visitors {
		c, br := h.dial(t)
		ask := func(text string) (cookie, body string) {
			_, _ = c.Write([]byte(text))
			var r fasthttp.Response
			if err := r.Read(br); err != nil {
				return "", err.Error()
			}
			v, _, _ := strings.Cut(string(r.Header.PeekCookie("sid")), ";")
			return v, string(r.Body())
		}
		all.Go(func() {
			want := strings.Repeat(fmt.Sprintf("visitor-%d.", i), 1+i%7)
			cookie, body := ask(get("/?note=" + want))
			for round := range rounds {
				if body != want || (round > 0 && cookie == "") {
					bad <- fmt.Sprintf("%q for %q", body, want)
					return
				}
				if _, other := ask(get("/", "Cookie: sid="+fmt.Sprintf("%022d", i*rounds+round))); other != "" {
					bad <- "a made-up id has " + other
					return
				}
				_, body = ask(get("/", "Cookie: "+cookie))
			}
		})
	}
	all.Wait()
	require.Empty(t, bad)
	require.EqualValues(t, visitors*(rounds+1), s.Sessions().Stats().Made)
	require.Empty(t, log.all())
}

func TestFactoryIsSwappedWhileServing(t *testing.T) {
	s, _, _ := newSite(resource.Func(func(req *resource.Request) { fmt.Fprint(req, req.GetSession().Timeout()) }))
	h := serve(t, s)
	r := h.ask(t, get("/"))
	require.Equal(t, "15m0s", r.body)
	old := cookieOf(t, r)
	s.Sessions().SetFactory(session.Lasting(time.Second))
	require.Equal(t, "1s", h.ask(t, get("/")).body)
	require.Equal(t, "15m0s", h.ask(t, get("/", "Cookie: "+old)).body)
	s.Sessions().SetFactory(nil)
	require.Equal(t, "15m0s", h.ask(t, get("/")).body)
}

func TestFieldsAreReadOnce(t *testing.T) {
	s, _, access := newSite(say("first"))
	s.Sessions()
	s.Resource, s.Debug, s.AccessLog, s.SessionFactory = say("second"), true, nil, nil
	require.Equal(t, "first", serve(t, s).ask(t, get("/")).body)
	require.Len(t, access.all(), 1)
}

func TestServerOfTheUsersOwnIsTakenAsItIs(t *testing.T) {
	s, _, _ := newSite(say("site"))
	s.Server = &fasthttp.Server{Name: "mine", Handler: func(ctx *fasthttp.RequestCtx) { _, _ = ctx.WriteString("own ") }}
	r := serve(t, s).ask(t, get("/"))
	require.Equal(t, "own mine", r.body+r.Header.Get("Server"))
	s, _, _ = newSite(say("site"))
	s.Server = &fasthttp.Server{Name: "mine"}
	r = serve(t, s).ask(t, get("/"))
	require.Equal(t, "site mine", r.body+" "+r.Header.Get("Server"))
	require.Zero(t, s.Server.ReadTimeout+s.Server.WriteTimeout+s.Server.IdleTimeout)
}

func TestNewServerHasTheLimits(t *testing.T) {
	srv := site.New(nil).NewServer()
	require.Equal(t, []time.Duration{10 * time.Second, 30 * time.Second, time.Minute},
		[]time.Duration{srv.ReadTimeout, srv.WriteTimeout, srv.IdleTimeout})
	require.Equal(t, []int{16 << 10, 1 << 20}, []int{srv.ReadBufferSize, srv.MaxRequestBodySize})
	for _, on := range []bool{srv.DisablePreParseMultipartForm, srv.SecureErrorLogMessage, srv.NoDefaultServerHeader,
		srv.CloseOnShutdown} {
		require.True(t, on)
	}
}

// With files for a certificate a site speaks TLS by itself, and its sessions
// know that.
func TestListenAndServeTLS(t *testing.T) {
	s, _, _ := newSite(noter())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	cert, key := certificate(t)
	done := make(chan error, 1)
	go func() { done <- s.ListenAndServeTLS(addr, cert, key) }()
	var c *tls.Conn
	for c == nil { // until it listens
		select {
		case err := <-done:
			require.NoError(t, err)
			t.Fatal("does not serve")
		default:
			c, _ = tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		}
	}
	_, err = c.Write([]byte(get("/?note=mine", "Connection: close")))
	require.NoError(t, err)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(answer), "Set-Cookie: __Secure-sid=")
	require.Contains(t, string(answer), "; Secure")
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, <-done)
}
