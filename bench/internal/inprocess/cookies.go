package inprocess

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/bits"
	mathrand "math/rand/v2"
	"runtime"
	"strings"
	"sync"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// cookies are those of all visitors, all of one length, in one string: the
// collector sees a single object, and picking one costs the same under each
// library.
type cookies struct {
	all   string
	width int
}

func (c cookies) len() int { return len(c.all) / c.width }

func (c cookies) at(i int) string { return c.all[i*c.width : (i+1)*c.width] }

// populate has an App make sessions for n visitors, on all cores.
func populate(app *peer.App, path string, n int) (cookies, error) {
	cores := min(runtime.GOMAXPROCS(0), n)
	parts, failed := make([]strings.Builder, cores), make([]error, cores)
	var all sync.WaitGroup
	for core := range cores {
		all.Go(func() {
			client := app.Client(path)
			for range share(n, core, cores) {
				if status := client.Get(""); status != 200 {
					failed[core] = fmt.Errorf("a new session is answered with %d", status)
					return
				}
				parts[core].WriteString(client.Cookie())
			}
		})
	}
	all.Wait()
	c := cookies{}
	for i := range parts {
		if failed[i] != nil {
			return c, failed[i]
		}
		c.all += parts[i].String()
	}
	if c.width = len(c.all) / n; c.width == 0 || len(c.all)%n != 0 {
		return c, fmt.Errorf("the cookies of %d sessions are not all of one length", n)
	}
	return c, nil
}

// share is how many of n are a core's.
func share(n, core, cores int) int { return (core+1)*n/cores - core*n/cores }

// strangers are cookies that nobody made, for servers without sessions.
func strangers(n int) cookies {
	id := make([]byte, 16)
	var all strings.Builder
	for range n {
		_, _ = rand.Read(id) // never fails
		all.WriteString("sid=" + hex.EncodeToString(id))
	}
	return cookies{all.String(), all.Len() / n}
}

// A picker picks visitors at random, the same ones for the same seeds. Its state
// is in it, so that each goroutine's is on a stack, far from the others'.
type picker struct {
	random  mathrand.PCG
	from, n int
}

// pick returns a picker from all, or if apart, from one core's share of them.
func pick(n int, apart bool, seed uint64, core, cores int) picker {
	p := picker{*mathrand.NewPCG(seed, uint64(core)), 0, n}
	if apart {
		p.from, p.n = core*n/cores, share(n, core, cores)
	}
	return p
}

func (p *picker) next() int {
	i, _ := bits.Mul64(p.random.Uint64(), uint64(p.n))
	return p.from + int(i)
}
