package loopback

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// get makes one request and returns the session cookie that the answer set, as
// "name=value", or "".
func (s *server) get(ctx context.Context, c *http.Client, path, cookie string) (set string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		return "", err
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.name, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s answers %s", s.name, path, resp.Status)
	}
	for _, c := range resp.Cookies() {
		if c.Name == s.cookie {
			set = c.Name + "=" + c.Value
		}
	}
	return set, nil
}

// client is one for a few requests that are not measured.
func client() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
}

// ready returns when the server has answered.
func (s *server) ready(ctx context.Context) error {
	c := client()
	defer c.CloseIdleConnections()
	_, err := s.get(ctx, c, peer.Bare, "")
	return err
}

// makeSessions makes n sessions and returns their cookies, each of which has
// been sent back once and was known.
func (s *server) makeSessions(ctx context.Context, n int) ([]string, error) {
	c := client()
	defer c.CloseIdleConnections()
	jar := make([]string, n)
	for i := range jar {
		var err error
		if jar[i], err = s.get(ctx, c, peer.Session, ""); err != nil {
			return nil, err
		}
		if jar[i] == "" {
			return nil, fmt.Errorf("%s: %s sets no cookie %q", s.name, peer.Session, s.cookie)
		}
	}
	if err := s.known(n); err != nil {
		return nil, err
	}
	for _, cookie := range jar {
		if _, err := s.get(ctx, c, peer.Session, cookie); err != nil {
			return nil, err
		}
	}
	return jar, s.known(n)
}

// known reports an error if the server keeps other than n sessions, n being how
// many were made: then it did not know the cookies it was sent. One that cannot
// tell is believed.
func (s *server) known(n int) error {
	if s.live == nil {
		return nil
	}
	now, err := s.live()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if now != n {
		return fmt.Errorf("%s: %d sessions were made, and it keeps %d", s.name, n, now)
	}
	return nil
}
