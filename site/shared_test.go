package site_test

import (
	"bytes"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/site"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

// TestRequestsWriteNothingThatTheyShare serves requests on several goroutines
// and finds the Site, with the tree and the manager of sessions inside it, as it
// was, to the byte: no core waits for a cache line that another has written.
func TestRequestsWriteNothingThatTheyShare(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools
	var found atomic.Int64
	root := tree(func(req *resource.Request) {
		if req.GetSession() != nil {
			found.Add(1)
		}
	}).(*resource.Branch)
	clock := new(timer.Wheel) // which stands still
	s := site.New(root)
	s.Clock = clock
	var uids []string
	for range 64 {
		ss, err := s.Sessions().Create(nil)
		require.NoError(t, err)
		uids = append(uids, ss.UID())
	}
	serve := func() {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				one := requests(t, s.Handler, uids)
				for range 1000 {
					one()
				}
			})
		}
		wg.Wait()
	}
	serve() // what is made at first use is made
	shared := [][]byte{
		unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)),
		unsafe.Slice((*byte)(unsafe.Pointer(root)), unsafe.Sizeof(*root)),
		unsafe.Slice((*byte)(unsafe.Pointer(clock)), unsafe.Sizeof(*clock)),
	}
	var before [][]byte
	for _, b := range shared {
		before = append(before, bytes.Clone(b))
	}
	serve()
	for i, b := range shared {
		require.True(t, bytes.Equal(before[i], b), "what requests share was written (%d)", i)
	}
	require.EqualValues(t, 2*4*1000, found.Load())
	require.EqualValues(t, 64, s.Sessions().Stats().Live)
}
