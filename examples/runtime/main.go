// Runtime serves several users at once by XML-RPC, JSON-RPC and plain HTTP, as
// AstroGrid's runtime does: each opens a session and logs in there, apart from the
// others, while the configuration is the same for all. client.py is the example of
// AstroGrid's document, in Python 3. A browser finds forms to try all functions.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spindleweb/spindle/examples/internal/serve"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/site"
)

var (
	addr    = flag.String("addr", "127.0.0.1:8080", "address to listen on")
	base    = flag.String("url", "", "base `URL` that clients use, if it is not the address")
	file    = flag.String("connection-file", home(), "`file` to write the base URL to, none if empty")
	limit   = flag.Int("limit", 100, "how many sessions there may be at once")
	allowed account
)

func init() {
	flag.StringVar(&allowed.name, "user", "username", "who may log in")
	flag.StringVar(&allowed.password, "password", "password", "and with which password")
	flag.StringVar(&allowed.community, "community", "community", "and in which community")
}

// home is where client.py looks for the file.
func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, ".astrogrid-desktop")
}

func main() {
	flag.Parse()
	shared := new(rpc.Registry)
	shared.Add(newConfiguration())
	rt := &sessionmanager.Runtime{
		Gateway:    rpc.Gateway{Registry: shared, Dialect: rpc.AstroGrid},
		PerSession: newCommunity,
		URL:        *base,
	}
	rt.Space.Sessions.Limit = *limit
	rt.Space.Sessions.OnExpire = func(s *session.Session) { fmt.Println("A session has ended:", s.Reason()) }
	u, err := url.Parse(*base)
	if err != nil {
		log.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(*addr)
	s := site.New(&guard.Hosts{Resource: rt, Names: []string{host, u.Hostname()}})
	s.Managers = rt.Managers()
	remove := func() error { return nil }
	serve.Sites(serve.At{Addr: *addr, Site: s, Listening: func(here string) {
		if *file == "" {
			return
		}
		if *base != "" {
			here = strings.TrimSuffix(*base, "/")
		}
		if remove, err = sessionmanager.WriteConnectionFile(*file, here+"/"); err != nil {
			log.Fatal(err)
		}
	}})
	if err := remove(); err != nil {
		log.Print(err)
	}
}
