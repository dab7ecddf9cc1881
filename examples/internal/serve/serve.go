// Package serve is what all examples do alike: it serves sites until the
// process is told to stop, and then ends them in good order.
package serve

import (
	"context"
	"fmt"
	"log"
	"net"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/site"
)

// At is a site and the address to serve it on. Listening, if there is one, is told
// the URL when the site can be reached.
type At struct {
	Addr      string
	Site      *site.Site
	Listening func(url string)
}

// Sites serves all until SIGINT or SIGTERM, or until one fails, which ends the
// process with status 1.
func Sites(sites ...At) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, len(sites))
	for _, at := range sites {
		ln, err := net.Listen("tcp", at.Addr)
		if err != nil {
			log.Fatal(err)
		}
		url := fmt.Sprintf("http://%s", ln.Addr())
		if at.Listening != nil {
			at.Listening(url)
		}
		fmt.Printf("listening on %s\n", url)
		go func() { failed <- at.Site.Serve(ln) }()
	}
	select {
	case <-ctx.Done():
		stop() // a second signal ends the process at once
	case err := <-failed:
		log.Fatal(err)
	}
	shutdown(sites)
}

func shutdown(sites []At) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, at := range sites {
		all.Go(func() {
			if err := at.Site.Shutdown(ctx); err != nil {
				log.Print(err)
			}
		})
	}
	all.Wait()
}
