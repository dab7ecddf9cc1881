package peer

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// A Client calls an App's handler directly, one request after the other as on
// one connection, without a network. For fasthttp each is read from bytes anew,
// since that is where its cookies come from, and has a time of its own, by which
// sessions are touched; for net/http only the Cookie header changes, in a new
// Request, as there are libraries that keep what is the request's in it. There
// too the cookie is read once by the Client, as a server does: to fetch one of
// many from memory takes longer than to parse it. What all that costs is the
// base's cost as well. A Client is for one goroutine.
type Client struct {
	cookie string // the name, with '='

	fast fasthttp.RequestHandler
	ctx  *fasthttp.RequestCtx
	head string // the request up to the cookie
	raw  []byte
	from bytes.Reader
	buf  *bufio.Reader

	std   http.Handler
	fresh http.Request // what every request is at first
	req   http.Request
	jar   [1]string // the value of the Cookie header, inside fresh
	resp  response
}

// Client returns a Client for one path of the program.
func (a *App) Client(path string) *Client {
	c := &Client{cookie: a.Cookie + "=", fast: a.Fast, std: a.Std}
	// What each request writes is large, or in the Client: small objects of two
	// Clients could be in one cache line, for which their cores would wait.
	c.raw, c.resp.body = make([]byte, 0, 512), make([]byte, 0, 512)
	if c.fast != nil {
		c.ctx = new(fasthttp.RequestCtx)
		c.buf = bufio.NewReader(&c.from)
		c.head = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
		return c
	}
	req, err := http.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		panic(err)
	}
	req.RequestURI, req.RemoteAddr = path, "127.0.0.1:1"
	req.Header.Set("User-Agent", "bench")
	req.Header.Set("Accept", "*/*")
	c.fresh = *req
	c.resp.header = make(http.Header)
	return c
}

// Get makes a request with a Cookie header, "name=value", or with "" without
// one, and returns the status.
func (c *Client) Get(cookie string) int {
	if c.fast != nil {
		c.raw = append(c.raw[:0], c.head...)
		if cookie != "" {
			c.raw = append(append(append(c.raw, "Cookie: "...), cookie...), "\r\n"...)
		}
		c.raw = append(c.raw, "\r\n"...)
		c.from.Reset(c.raw)
		c.buf.Reset(&c.from)
		c.ctx.Init2(nil, nil, false) // reads the clock
		if err := c.ctx.Request.Read(c.buf); err != nil {
			panic(err)
		}
		c.ctx.Request.URI() // taken apart by the server before it calls the handler
		c.ctx.Response.Reset()
		c.fast(c.ctx)
		c.ctx.ResetUserValues() // as the server does
		return c.ctx.Response.StatusCode()
	}
	if cookie == "" {
		delete(c.fresh.Header, "Cookie")
	} else {
		c.raw = append(c.raw[:0], cookie...)
		c.jar[0] = cookie
		c.fresh.Header["Cookie"] = c.jar[:]
	}
	clear(c.resp.header)
	c.resp.status, c.resp.body = 0, c.resp.body[:0]
	c.req = c.fresh
	c.std.ServeHTTP(&c.resp, &c.req)
	return max(c.resp.status, http.StatusOK)
}

// Body is that of the last response; it is overwritten by the next.
func (c *Client) Body() []byte {
	if c.fast != nil {
		return c.ctx.Response.Body()
	}
	return c.resp.body
}

// Cookie returns the session's cookie as the last response set it, "name=value",
// or "".
func (c *Client) Cookie() (cookie string) {
	if c.fast == nil {
		for _, line := range c.resp.header["Set-Cookie"] {
			if strings.HasPrefix(line, c.cookie) {
				cookie, _, _ = strings.Cut(line, ";")
			}
		}
		return cookie
	}
	for _, line := range c.ctx.Response.Header.PeekAll(fasthttp.HeaderSetCookie) {
		if bytes.HasPrefix(line, []byte(c.cookie)) {
			line, _, _ = bytes.Cut(line, []byte{';'})
			cookie = string(line)
		}
	}
	return cookie
}

// response keeps what a net/http handler writes.
type response struct {
	header http.Header
	status int
	body   []byte
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.body = append(r.body, p...)
	return len(p), nil
}
